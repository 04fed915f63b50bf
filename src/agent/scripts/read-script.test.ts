import assert from 'node:assert/strict'
import test from 'node:test'

import { readScript } from './read-script.ts'

async function read(text: string) {
  return await readScript('build.yaml', Buffer.from(text))
}

test('steps are read with what they say of themselves, lines one by one', async () => {
  const steps = await read(`
steps:
  - shell: |
      make clean

      make all
    name: make
    cwd: /srv
    env: { LEVEL: "3" }
    timeout: 5m
  - download: { url: https://files.example.org/a, dest: /srv/a }
`)
  assert.deepEqual(steps, [
    {
      name: 'make',
      action: { kind: 'shell', lines: ['make clean', 'make all'] },
      cwd: '/srv',
      env: { LEVEL: '3' },
      timeout: 300_000,
    },
    {
      name: 'download',
      action: {
        kind: 'download',
        source: 'web',
        cache: false,
        url: 'https://files.example.org/a',
        dest: '/srv/a',
      },
    },
  ])
})

/** What is written, and what is said of it. */
const refused: readonly (readonly [string, RegExp])[] = [
  ['', /is empty/],
  ['steps: []', /build\.yaml:1:8: steps: /],
  ['step: []', /steps: is missing/],
  ['steps: [make]', /1:9: steps\[0\]: expected object/],
  ['steps: [{ name: x }]', /1:9: steps\[0\]: has to be either `shell` or `download`/],
  ['steps: [{ shell: x, download: { url: "http://a/", dest: /x } }]', /has to be either/],
  ['steps: [{ shell: x, user: root }]', /1:21: steps\[0\]: unknown key "user"/],
  ['steps: [{ shell: 5 }]', /1:18: steps\[0\]\.shell: expected string/],
  ['steps: [{ shell: x, timeout: 5 }]', /steps\[0\]\.timeout: expected string/],
  ['steps: [{ shell: x, env: { "a b": c } }]', /steps\[0\]\.env.*is not the name of a variable/],
  ['steps: [{ shell: x, env: { A: 1 } }]', /steps\[0\]\.env\.A: expected string/],
  ['steps: [{ download: { url: "file:///etc/shadow", dest: /x } }]', /is not an http\(s\) address/],
  ['steps: [{ download: { url: "http://a/" } }]', /steps\[0\]\.download\.dest: is missing/],
]

for (const [text, expected] of refused) {
  test(`the script ${JSON.stringify(text)} is refused as a whole`, async () => {
    await assert.rejects(read(text), { code: 'script-invalid', message: expected })
  })
}
