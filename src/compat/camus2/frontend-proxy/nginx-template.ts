/**
 * The built-in nginx.conf, a mustache template that `show-default-nginx-config` prints for people to start from.
 * Values stand in triple braces, because nginx does not read HTML entities. nginx takes the first `return` of a
 * location, so the 503 below a redirect counts only while the redirect is left out.
 */
export const nginxTemplate = String.raw`user nginx;
worker_processes 1;
error_log /dev/stderr;

events {
  worker_connections 1024;
}

http {
  map $http_upgrade $connection_upgrade {
    default upgrade;
    '' close;
  }

  access_log /dev/stdout;
  default_type application/octet-stream;
  charset utf-8;
  sendfile on;
  keepalive_timeout 65;
  server_names_hash_bucket_size 128;
  client_max_body_size 0;

  proxy_buffering on;
  proxy_http_version 1.1;
  proxy_send_timeout 300s;
  proxy_read_timeout 300s;
  proxy_set_header Host $host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_upgrade;

{{#healthCheck}}
  # Load balancers ask by address, without the name of an endpoint.
  server {
    listen 80 default_server;
    location {{{incomingPath}}} {
      proxy_pass http://localhost:{{{outgoingPort}}}{{{outgoingPath}}};
    }
  }

{{/healthCheck}}
{{#endPoints}}
{{#http}}
  server {
    listen 80;
    server_name {{{serverNames}}};
{{#port}}
    location / {
      proxy_pass http://localhost:{{{port}}};
    }
{{/port}}
{{^port}}
    return 503;
{{/port}}
  }

{{/http}}
{{#https}}
  server {
    listen 80;
    server_name {{{serverNames}}};
    location /.well-known/acme-challenge {
      default_type text/plain;
      alias {{{letsencryptWwwDir}}}/.well-known/acme-challenge;
    }
    location / {
{{#port}}
{{#sslCertPath}}
{{#sslCertKeyPath}}
      return 301 https://$host$request_uri;
{{/sslCertKeyPath}}
{{/sslCertPath}}
{{/port}}
      return 503;
    }
  }

{{#sslCertPath}}
{{#sslCertKeyPath}}
  server {
    listen 443 ssl;
    server_name {{{serverNames}}};
    ssl_certificate {{{sslCertPath}}};
    ssl_certificate_key {{{sslCertKeyPath}}};
{{#port}}
    location / {
      proxy_pass http://localhost:{{{port}}};
    }
{{/port}}
{{^port}}
    return 503;
{{/port}}
  }

{{/sslCertKeyPath}}
{{/sslCertPath}}
{{/https}}
{{/endPoints}}
}
`
