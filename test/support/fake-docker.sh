#!/bin/sh
# Stands in for docker. FAKE_DOCKER is a folder: `calls` gets a line for each call, `container` exists while the
# proxy's container does. With FAKE_NGINX a real nginx runs on the nginx.conf of the calling folder, port 80 being
# FAKE_HTTP_PORT and 443 FAKE_HTTPS_PORT. A file `fail-<word>` makes calls with that first word fail, `hang-<word>`
# makes them wait until it is gone.
set -u
printf '%s\t%s\n' "$(pwd)" "$*" >>"$FAKE_DOCKER/calls"
[ -e "$FAKE_DOCKER/fail-$1" ] && exit 7
if [ -e "$FAKE_DOCKER/hang-$1" ]; then
  : >"$FAKE_DOCKER/hangs"
  while [ -e "$FAKE_DOCKER/hang-$1" ]; do sleep 0.02; done
fi

conf="$FAKE_DOCKER/nginx.conf"

# The container's paths, ports and user become private ones.
write_conf() {
  cp nginx.conf "$FAKE_DOCKER/mounted.conf"
  mkdir -p "$FAKE_DOCKER/temp"
  user='/^user /d'
  [ "$(id -u)" = 0 ] && user='s/^user .*/user root;/'
  temp=$(printf '%s_temp_path temp/%s; ' client_body client_body proxy proxy fastcgi fastcgi uwsgi uwsgi scgi scgi)
  sed -e "$user" \
    -e "s#^http {#http { $temp#" \
    -e "s/listen 80\\b/listen 127.0.0.1:$FAKE_HTTP_PORT/" \
    -e "s/listen 443\\b/listen 127.0.0.1:$FAKE_HTTPS_PORT/" \
    -e "s#/dev/stderr#$FAKE_DOCKER/error.log#" \
    -e "s#/dev/stdout#$FAKE_DOCKER/access.log#" \
    -e "s#http://localhost:#http://127.0.0.1:#" \
    "$FAKE_DOCKER/mounted.conf" >"$conf"
}

nginx() {
  "$FAKE_NGINX" -p "$FAKE_DOCKER" -c "$conf" -e "$FAKE_DOCKER/error.log" -g "pid $FAKE_DOCKER/pid;" "$@"
}

case "$1 ${2:-}" in
'compose version') [ ! -e "$FAKE_DOCKER/no-plugin" ] ;;
'inspect '*) [ -e "$FAKE_DOCKER/container" ] ;;
'compose up')
  [ -e "$FAKE_DOCKER/container" ] && exit 0
  : >"$FAKE_DOCKER/container"
  [ -z "${FAKE_NGINX:-}" ] && exit 0
  write_conf && nginx
  ;;
'compose kill')
  rm -f "$FAKE_DOCKER/container"
  [ -e "$FAKE_DOCKER/pid" ] && nginx -s stop
  exit 0
  ;;
'kill --signal=SIGHUP')
  [ "$3" = frontendproxy ] && [ -e "$FAKE_DOCKER/container" ] || exit 1
  [ -z "${FAKE_NGINX:-}" ] && exit 0
  write_conf && nginx -t 2>>"$FAKE_DOCKER/error.log" && nginx -s reload
  ;;
'run --rm')
  [ -n "${FAKE_CERTIFICATE:-}" ] || exit 0
  mkdir -p "$FAKE_CERTIFICATE"
  cp "$FAKE_DOCKER/fullchain.pem" "$FAKE_DOCKER/privkey.pem" "$FAKE_CERTIFICATE"
  ;;
*)
  echo "fake docker does not know: $*" >&2
  exit 64
  ;;
esac
