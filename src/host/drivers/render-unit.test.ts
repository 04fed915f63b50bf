import assert from 'node:assert/strict'
import test from 'node:test'

import type { ServiceSpec } from './process-driver.ts'
import { renderEnvironment, renderUnit, revertUnitName, unitName } from './render-unit.ts'

const spec: ServiceSpec = {
  app: 'shop',
  label: '1.4.2',
  directory: '/opt/sluice/apps/shop/deploys/1.4.2',
  command: 'exec ./shop --port $PORT',
  stopCommand: '',
  env: {},
  owner: { uid: 33, gid: 34, user: 'www-data' },
  port: 8001,
  socket: undefined,
  stopSignal: 'SIGINT',
  grace: 12_345,
  logFile: '/opt/sluice/apps/shop/log/1.4.2.log',
  logLimit: 1000,
}

/** Undoes the quoting of an Exec line as systemd.syntax(7) describes it, for the last word. */
function readExec(unit: string): string {
  const line = /^ExecStart=\/bin\/sh "-c" "(.*)"$/m.exec(unit)?.[1] ?? ''
  return line
    .replaceAll(/\\x([0-9a-f]{2})|\\(["\\])/g, (_, hex: string | undefined, plain: string) =>
      hex === undefined ? plain : String.fromCodePoint(Number.parseInt(hex, 16)),
    )
    .replaceAll('%%', '%')
    .replaceAll('$$', '$')
}

test('a unit says everything of its spec and nothing of the environment', () => {
  assert.equal(
    renderUnit({ ...spec, env: { TOKEN: 'canary' } }, '/run/sluice/units/shop+1.4.2.env'),
    `[Unit]
Description=sluice deploy 1.4.2 of shop
StartLimitIntervalSec=0

[Service]
Type=exec
WorkingDirectory=/opt/sluice/apps/shop/deploys/1.4.2
EnvironmentFile=/run/sluice/units/shop+1.4.2.env
ExecStart=/bin/sh "-c" "exec ./shop --port $$PORT"
User=33
Group=34
UMask=0022
KillMode=mixed
KillSignal=SIGINT
TimeoutStopSec=12345ms
Restart=on-failure
RestartSec=1s
StandardInput=null
StandardOutput=append:/opt/sluice/apps/shop/log/1.4.2.log
StandardError=append:/opt/sluice/apps/shop/log/1.4.2.log

`,
  )
})

test('a deploy on a socket removes a stale one as root and lets its group connect', () => {
  const unit = renderUnit({ ...spec, socket: '/run/sluice/d/a%b/app.sock' }, '/run/e')
  assert.match(unit, /^ExecStartPre=-\+\/bin\/rm "-f" "--" "\/run\/sluice\/d\/a%%b\/app\.sock"$/m)
  assert.match(unit, /^UMask=0007$/m)
})

const commands = [
  'plain',
  `it's`,
  '"double"',
  String.raw`back\slash`,
  String.raw`ends with \\`,
  'per%cent %n %% %h',
  '$HOME ${HOME} $$ $1',
  'two\nlines',
  'tab\tand\rreturn',
  '; rm -rf /',
  '&& echo x || echo y',
  '# no comment',
  '  spaces  ',
  'ünïcödé ✓ 漢字',
  '[Service]\nExecStart=/bin/evil',
  'a=b\n\n[Unit]',
  '@ - + ! : prefix',
  '- leading',
  '\u0001\u001b\u007f',
  '`backticks` $(sub) <in >out',
  String.raw`\x41 \n \t \u0041`,
  '',
  'x'.repeat(5000),
]

for (const command of commands) {
  const title = JSON.stringify(command).slice(0, 40)
  test(`the command ${title} stays one word of one line`, () => {
    const unit = renderUnit({ ...spec, command }, '/run/e')
    assert.equal(readExec(unit), command)
    assert.equal(unit.split('\n').length, renderUnit(spec, '/run/e').split('\n').length)
  })
}

const badPaths = [
  'relative',
  '/new\nline',
  '/ends with \\',
  '/ends with space ',
  '/nul\0',
  '/bell\u0007',
  '',
]

for (const directory of badPaths) {
  test(`the directory ${JSON.stringify(directory)} is refused, because systemd could not be told it`, () => {
    assert.throws(() => renderUnit({ ...spec, directory }, '/run/e'), { code: 'config-invalid' })
  })
}

test('percent signs in paths are not taken for specifiers', () => {
  const unit = renderUnit({ ...spec, directory: '/a%h', logFile: '/l%n' }, '/e%i')
  assert.match(unit, /^WorkingDirectory=\/a%%h$/m)
  assert.match(unit, /^StandardOutput=append:\/l%%n$/m)
  assert.match(unit, /^EnvironmentFile=\/e%%i$/m)
})

test('a path of an environment file that systemd would expand is refused', () => {
  for (const file of ['/a*', '/a?', '/a[b]', '/a\\x2d']) {
    assert.throws(() => renderUnit(spec, file), { code: 'config-invalid' }, file)
  }
})

test('values of an environment file are quoted, newlines included', () => {
  const text = renderEnvironment({ A: 'x', B: `"q" \\ $H \`c\` 'l' #;\nnext`, C: '' })
  assert.equal(text, `A="x"\nB="\\"q\\" \\\\ \\$H \\\`c\\\` 'l' #;\nnext"\nC=""\n`)
})

test('an environment that systemd would drop silently is refused', () => {
  const bad: Record<string, string>[] = [
    { 'A B': 'x' },
    { '1A': 'x' },
    { A: '\u0001' },
    { A: '\0' },
    { 'A=': '' },
  ]
  for (const env of bad) {
    assert.throws(() => renderEnvironment(env), {
      code: 'config-invalid',
    })
  }
})

test('names of units are plain where they can be, and never shared by two deploys', () => {
  assert.equal(unitName('shop', '1.4.2-3'), 'sluice-shop-1.4.2-3.service')
  assert.equal(unitName('my-shop', '1'), String.raw`sluice-my\x2dshop-1.service`)
  assert.notEqual(unitName('a-b', 'c'), unitName('a', 'b-c'))
  assert.equal(unitName('shop', 'a/b@ü'), String.raw`sluice-shop-a\x2fb\x40\xc3\xbc.service`)
  assert.equal(revertUnitName('shop', '20261120-ab'), 'sluice-revert-shop-20261120-ab')
})
