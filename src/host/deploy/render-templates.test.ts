import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { renderReleaseTemplates } from './render-templates.ts'

function tree(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder(t)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

test('a template is rendered beside itself without its last extension, readable for its owner only', (t) => {
  const folder = tree(t, {
    'config/app.yml.tpl': 'port: {{port}}\n',
    'run.sh.tpl': 'exit {{port}}\n',
  })
  chmodSync(join(folder, 'run.sh.tpl'), 0o755)
  const paths = renderReleaseTemplates(folder, ['config/app.yml.tpl', 'run.sh.tpl'], { port: 8000 })
  assert.deepEqual(paths, ['config/app.yml', 'run.sh'])
  assert.equal(readFileSync(join(folder, 'config/app.yml'), 'utf8'), 'port: 8000\n')
  const modes = paths.map((path) => statSync(join(folder, path)).mode & 0o777)
  assert.deepEqual(modes, [0o600, 0o700])
})

test('what a killed run wrote half beside a rendered file does not become part of the release', (t) => {
  const folder = tree(t, { 'app.ini.tpl': 'x', [`.app.ini.${process.pid}.8.tmp`]: 'half' })
  renderReleaseTemplates(folder, ['app.ini.tpl'], {})
  assert.deepEqual(readdirSync(folder).toSorted(), ['app.ini', 'app.ini.tpl'])
})

test('values are escaped for the kind of file they go into', (t) => {
  const folder = tree(t, { 'a.json.tpl': '{"x": "{{x}}"}' })
  renderReleaseTemplates(folder, ['a.json.tpl'], { x: 'a"b' })
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'a.json'), 'utf8')), { x: 'a"b' })
})

test('partials lie beside their template, and nothing outside the release is read', (t) => {
  const folder = tree(t, {
    'release/sub/a.txt.tpl': '{{> part.txt}}',
    'release/sub/part.txt': 'in',
  })
  writeFileSync(join(folder, 'secret.txt'), 'out')
  const release = join(folder, 'release')
  renderReleaseTemplates(release, ['sub/a.txt.tpl'], {})
  assert.equal(readFileSync(join(release, 'sub/a.txt'), 'utf8'), 'in')
  writeFileSync(join(release, 'sub/a.txt.tpl'), '{{> ../../secret.txt}}')
  assert.throws(() => renderReleaseTemplates(release, ['sub/a.txt.tpl'], {}), {
    code: 'template-invalid',
  })
})

test('a template that is not in the release, or misses a value, is refused with its name', (t) => {
  const folder = tree(t, { 'a.txt.tpl': 'one\n{{gone}}' })
  const render = (template: string) => () => renderReleaseTemplates(folder, [template], {})
  assert.throws(render('b.txt.tpl'), { code: 'template-invalid', message: /"b.txt.tpl" is not in/ })
  assert.throws(render('a.txt.tpl'), { code: 'template-invalid', message: /a\.txt\.tpl:2.*gone/ })
})
