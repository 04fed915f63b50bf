import assert from 'node:assert/strict'
import test from 'node:test'

import type { ProxySettings } from '../proxy-settings.ts'
import type { Endpoint, Route, Target } from '../routes.ts'
import { renderAppConfig, type RenderOptions } from './render-app.ts'

const settings: ProxySettings = {
  driver: 'nginx',
  mode: 'socket',
  http: { address: '0.0.0.0', port: 80 },
  https: { address: '::', port: 443 },
  timeout: 60_000,
  maxBody: 0,
  accessLog: true,
  healthPath: '/health',
  nginx: {
    program: 'nginx',
    configDirectory: '/etc/nginx/conf.d',
    mainConfig: '',
    user: undefined,
  },
}
const options: RenderOptions = {
  root: '/opt/sluice',
  runDir: '/run/sluice',
  mode: 'socket',
  settings,
  owner: 'shop',
}
const endpoint: Endpoint = {
  name: 'main',
  app: 'shop',
  serverNames: ['shop.test'],
  tls: { certificate: '/etc/ssl/shop.pem', key: '/etc/ssl/shop.key', redirect: true },
}
const socket: Target = { app: 'shop', label: 'one', kind: 'socket', directory: '/run/sluice/d/one' }
const tcp: Target = { app: 'shop', label: 'one', kind: 'tcp', port: 3001 }

function render(route: Partial<Route> = {}, changes: Partial<RenderOptions> = {}): string {
  const whole: Route = { endpoint, target: socket, generation: 7, ...route }
  return renderAppConfig([whole], { ...options, ...changes }).text
}

test('in mode socket the text is the same whatever is connected', () => {
  assert.equal(render(), render({ target: undefined, generation: 9 }))
})

test('in mode reload the port and the generation stand in the text', () => {
  const text = render({ target: tcp }, { mode: 'reload' })
  assert.match(text, /proxy_pass http:\/\/127\.0\.0\.1:3001;/)
  assert.match(text, /location = \/generation\/main \{ return 200 "7"; \}/)
  assert.match(render({ target: undefined }, { mode: 'reload' }), /return 503;/)
})

test('no server takes what belongs to other sites', () => {
  assert.doesNotMatch(render(), /default_server/)
  assert.throws(() => render({ endpoint: { ...endpoint, serverNames: [] } }), {
    code: 'endpoint-unsuitable',
  })
})

test('a deploy is never asked on a connection that an earlier request used', () => {
  const text = render()
  assert.match(text, /map \$http_upgrade \$sluice_connection \{ default close;/)
  assert.match(text, /proxy_set_header Connection \$sluice_connection;/)
  assert.doesNotMatch(text, /keepalive/)
})

const hostile = ['a;b', 'a b', 'a\nb', '$host', 'a}b', '"', "'", 'a#b', '\\', '../x', 'a{']
for (const value of hostile) {
  test(`${JSON.stringify(value)} reaches no place of the configuration`, () => {
    const places: (() => string)[] = [
      () => render({ endpoint: { ...endpoint, serverNames: [value] } }),
      () => render({ endpoint: { ...endpoint, name: value } }),
      () => render({ endpoint: { ...endpoint, tls: { ...endpoint.tls!, key: `/etc/${value}` } } }),
      () =>
        render({ endpoint: { ...endpoint, tls: { ...endpoint.tls!, certificate: `/${value}` } } }),
      () => render({ target: { ...socket, directory: `/run/${value}` } }, { mode: 'reload' }),
      () => render({}, { owner: value }),
      () => render({}, { runDir: `/run/${value}` }),
      () => render({}, { root: `/opt/${value}` }),
      () => render({}, { settings: { ...settings, healthPath: `/${value}` } }),
      () => render({}, { settings: { ...settings, trustedProxies: [value] } }),
      () => render({}, { settings: { ...settings, http: { address: value, port: 80 } } }),
    ]
    for (const [at, place] of places.entries()) {
      assert.throws(place, { name: 'AppError' }, `place ${at}`)
    }
  })
}

test('numbers are whole and positive', () => {
  for (const number of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => render({}, { settings: { ...settings, timeout: number } }))
    assert.throws(() => render({ target: { ...tcp, port: number } }, { mode: 'reload' }))
  }
})

test('a link that is too long for a unix socket is refused', () => {
  assert.throws(() => render({}, { runDir: `/${'x'.repeat(100)}` }), {
    code: 'endpoint-unsuitable',
  })
})
