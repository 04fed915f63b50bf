import assert from 'node:assert/strict'
import test from 'node:test'

import type { EndPoint, ProxyModeConfig, ToolConfig } from '../config/tool-config.ts'
import { toolConfig } from '../config/tool-config.ts'
import { composeFile } from './compose-file.ts'
import { certbotCommand, generatedNames } from './generate-certificate.ts'
import { nginxContext, type NginxContext } from './nginx-context.ts'

function config(more: Record<string, unknown> = {}): ToolConfig {
  return toolConfig({ releases: { localdir: '/r' }, ...more }, [])
}

function proxy(endPoints: Record<string, EndPoint>): ProxyModeConfig {
  return {
    endPoints: new Map(Object.entries(endPoints)),
    remoteStateS3: undefined,
    dynamicPortRange: { v1: 8000, v2: 8100 },
    nginxConfTemplatePath: undefined,
  }
}

const http: EndPoint = { serverNames: ['a.example', 'b.example'], etype: { type: 'httpOnly' } }
const generated: EndPoint = {
  serverNames: ['s.example'],
  etype: { type: 'httpsWithRedirect', certificate: { type: 'generated' } },
}
const explicit: EndPoint = {
  serverNames: ['x.example'],
  etype: {
    type: 'httpsWithRedirect',
    certificate: { type: 'explicit', certificate: '/c.pem', key: '/k.pem' },
  },
}

function context(
  endPoints: Record<string, EndPoint>,
  ports: Record<string, number>,
  more: { config?: Record<string, unknown>; files?: string[] } = {},
): NginxContext {
  return nginxContext({
    config: config(more.config),
    proxy: proxy(endPoints),
    live: Object.entries(ports).map(([endpoint, port]) => ({
      endpoint,
      deploy: { label: 'd', release: 'd.zip', port },
    })),
    fileExists: (path) => (more.files ?? []).includes(path),
  })
}

test('lists every configured endpoint, with a port only where something is connected', () => {
  assert.deepEqual(context({ main: http, test: http }, { test: 8001 }).endPoints, [
    { http: { serverNames: 'a.example b.example' } },
    { http: { serverNames: 'a.example b.example', port: 8001 } },
  ])
})

test('gives explicit certificate paths always, generated ones only when the file is there', () => {
  const live = '/opt/etc/letsencrypt/live/camus2cert'
  const letsencryptWwwDir = '/opt/var/www'
  assert.deepEqual(context({ e: explicit }, {}).endPoints, [
    {
      https: {
        serverNames: 'x.example',
        sslCertPath: '/c.pem',
        sslCertKeyPath: '/k.pem',
        letsencryptWwwDir,
      },
    },
  ])
  assert.deepEqual(context({ g: generated }, { g: 8000 }).endPoints, [
    { https: { serverNames: 's.example', port: 8000, letsencryptWwwDir } },
  ])
  const files = [`${live}/fullchain.pem`]
  assert.deepEqual(context({ g: generated }, {}, { files }).endPoints, [
    { https: { serverNames: 's.example', sslCertPath: files[0], letsencryptWwwDir } },
  ])
})

test('checks health on the first endpoint by label only', () => {
  const endPoints = { a: http, b: http }
  assert.equal(context(endPoints, { a: 8000, b: 8001 }).healthCheck?.outgoingPort, 8000)
  assert.equal(context(endPoints, { b: 8001 }).healthCheck, undefined)
})

test('checks health on the endpoint that is named, and on none when told so', () => {
  const named = { incomingPath: '/in', outgoingPath: '/out', endpoint: { just: 'b' } }
  const endPoints = { a: http, b: http }
  const healthCheck = { just: named }
  assert.deepEqual(context(endPoints, { a: 1, b: 2 }, { config: { healthCheck } }).healthCheck, {
    incomingPath: '/in',
    outgoingPath: '/out',
    outgoingPort: 2,
  })
  const none = context(endPoints, { a: 1 }, { config: { healthCheck: 'nothing' } })
  assert.equal('healthCheck' in none, false)
})

test('asks certbot for all generated names in one certificate, by argv', () => {
  const names = generatedNames(proxy({ a: http, b: generated, c: explicit, d: generated }))
  assert.deepEqual(names, ['s.example', 's.example'])
  const command = certbotCommand(config({ autoCertContactEmail: 'me@x; id' }), [
    's.example',
    't.example',
  ])
  assert.equal(
    command.join(' '),
    'docker run --rm --name camus2cert -v /opt/etc/letsencrypt:/etc/letsencrypt' +
      ' -v /opt/var/log/letsencrypt:/var/log/letsencrypt' +
      ' -v /opt/var/www/.well-known/acme-challenge:/opt/var/www/.well-known/acme-challenge' +
      ' certbot/certbot certonly --cert-name camus2cert --preferred-challenge http-01' +
      ' --webroot --webroot-path /opt/var/www -m me@x; id' +
      ' --deploy-hook chmod -R ag+rX /etc/letsencrypt --non-interactive --agree-tos --debug' +
      ' -d s.example -d t.example',
  )
  assert.equal(command.includes('me@x; id'), true)
})

test('writes the compose file of one nginx container', () => {
  assert.equal(
    composeFile(config({ letsencryptWwwDir: '/var/my www' })),
    `version: '3'
services:
  nginx:
    container_name: frontendproxy
    image: nginx:1.21.3
    network_mode: host
    volumes:
      - ./nginx.conf:/etc/nginx/nginx.conf
      - /opt/etc/letsencrypt:/opt/etc/letsencrypt
      - "/var/my www:/var/my www"
    restart: always
`,
  )
})
