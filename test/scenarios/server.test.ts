import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { childEnvironment, run } from '../../src/system/index.ts'
import { freePort } from '../support/free-port.ts'
import { rawRequests, spoken } from '../support/raw-requests.ts'
import { ask, ended, firstStart, prepareServer, type Place } from '../support/server-place.ts'
import { builtProgram } from '../support/tools.ts'
import { waitUntil } from '../support/wait-until.ts'

// A person runs the built server, a build raises triggers, GitHub sends webhooks; then it is killed.

const secret = '0123456789abcdef0123456789abcdef'
const sources = ['token', { kind: 'github', secretFiles: ['github.secret'] }]
const hooked = {
  settings: { triggers: { shop: { sources } } },
  secrets: { 'github.secret': secret },
}

/** Sends a webhook as GitHub does, by curl; answers the status and the body. */
async function sendHook({ folder, url }: Place, body: string, sum = sumOf(body)) {
  const words = [
    '-sS',
    '-m',
    '9',
    '--cacert',
    join(folder, 'state/tls.pem'),
    '-w',
    '\n%{http_code}',
  ]
  const headers = ['-H', `X-Hub-Signature-256: sha256=${sum}`, '-H', 'X-GitHub-Event: push']
  const type = ['-H', 'Content-Type: application/json', '--data-binary', body]
  const argv = ['curl', ...words, ...headers, ...type, `${url}/v1/hooks/shop`]
  const result = await run(argv, { timeout: 20_000 })
  const [text = '', status] = result.stdout.trimEnd().split(/\n+(?=\d+$)/)
  return { status: Number(status), answer: JSON.parse(text) as Record<string, unknown> }
}

function sumOf(body: string): string {
  return createHmac('sha256', secret).update(body).digest('hex')
}

test('a server is up within a second, serves its commands, and ends when it is told to', async (t) => {
  const place = await prepareServer(t, hooked)
  // Killed before anybody could use its token: the next start makes another in its place.
  await ended(await place.start(...firstStart), 'SIGKILL')
  const first = await place.start(...firstStart)
  assert.equal(statSync(join(place.folder, 'admin.token')).mode & 0o777, 0o600)
  await ask(place, 'tokens', 'create', 'trigger:shop', '--output', 'ci.token')
  const refused = await place.sluice('trigger', 'shop')
  assert.match(refused.stderr, /scope admin may not raise-trigger/)
  const raised = await ask(place, 'trigger', 'shop', '--key', 'a', '--token-file', 'ci.token')
  assert.deepEqual([raised['sequence'], raised['isRepeat']], [1, false])
  const again = await ask(place, 'trigger', 'shop', '--key', 'a', '--token-file', 'ci.token')
  assert.deepEqual([again['sequence'], again['isRepeat']], [1, true])
  const unknown = await place.sluice('trigger', 'blog', '--token-file', 'ci.token')
  assert.deepEqual([unknown.status, unknown.stderr.includes('no trigger "blog"')], [4, true])
  const id = readFileSync(join(place.folder, 'ci.token'), 'utf8').split('_')[2] ?? ''
  await ask(place, 'tokens', 'revoke', id)
  assert.match((await place.sluice('tokens', 'list')).stdout, new RegExp(`${id} .*revoked`))
  const revoked = await place.sluice('trigger', 'shop', '--token-file', 'ci.token')
  assert.equal(revoked.status, 4)
  assert.equal(await ended(first, 'SIGTERM'), 0)
  assert.match(first.log(), /"message":"closed"\}\n$/)
  const second = await place.start()
  assert.ok(second.milliseconds < 1000, `${second.milliseconds} ms`)
  assert.equal(await ended(second, 'SIGINT'), 0)
})

test("another server in its place gets no token, and the pinned one's certificate may be any", async (t) => {
  const place = await prepareServer(t, hooked)
  const first = await place.start(...firstStart)
  writeFileSync(join(place.folder, 'other.pub'), `${'A'.repeat(43)}\n`)
  const mistaken = await place.sluice('tokens', 'list', '--identity-file', 'other.pub')
  assert.equal(mistaken.status, 4)
  assert.match(mistaken.stderr, /expected key A{43}, was shown/)
  assert.doesNotMatch(first.log(), /list-tokens/)
  await ask(place, 'tokens', 'list')
  await waitUntil(() => first.log().includes('list-tokens'), 'the log of the request')
  const env = { SLUICE_SERVER: place.url, SLUICE_TOKEN_FILE: 'admin.token' }
  const words = [builtProgram('sluice'), 'tokens', 'list']
  const unpinned = await run(words, { cwd: place.folder, env: childEnvironment(env) })
  assert.equal(unpinned.status, 1)
  assert.match(unpinned.stderr, /does not answer: .*certificate/)
})

test("GitHub's webhook raises once, however often it comes, and a forged one never", async (t) => {
  const place = await prepareServer(t, hooked)
  await place.start(...firstStart)
  const body = '{"ref":"refs/heads/main","after":"a1b2"}'
  const first = await sendHook(place, body)
  assert.deepEqual([first.status, first.answer['sequence']], [201, 1])
  const repeats = await Promise.all(Array.from({ length: 5 }, () => sendHook(place, body)))
  for (const { status, answer } of repeats)
    assert.deepEqual([status, answer['sequence'], answer['isRepeat']], [200, 1, true])
  const forged = await sendHook(place, `${body} `, sumOf(body))
  assert.equal(forged.status, 401)
  assert.equal((await sendHook(place, '{"ref":"refs/heads/b"}')).answer['sequence'], 2)
})

test('what was acknowledged before kill -9 is there afterwards, and the same keys answer the same', async (t) => {
  const place = await prepareServer(t, hooked)
  let server = await place.start(...firstStart)
  await ask(place, 'tokens', 'create', 'trigger:shop', '--output', 'ci.token')
  const acknowledged = new Map<string, unknown>()
  for (let round = 0; round < 3; round++) {
    const bodies = Array.from({ length: 6 }, (_, index) => `{"push":"${round}.${index}"}`)
    const sending = bodies.map(async (body) => {
      const sent = await sendHook(place, body).catch(() => undefined)
      if (sent?.status === 201) acknowledged.set(body, sent.answer['sequence'])
      // The first acknowledgement is followed by the kill at once.
      if (sent?.status === 201) server.child.kill('SIGKILL')
    })
    await Promise.all(sending)
    await ended(server, 'SIGKILL')
    server = await place.start()
    for (const [body, sequence] of acknowledged) {
      const { status, answer } = await sendHook(place, body)
      assert.deepEqual([status, answer['sequence']], [200, sequence])
    }
  }
  assert.ok(acknowledged.size >= 3)
  const verdict = await ask(place, 'audit', 'verify')
  assert.equal(verdict['kind'], 'whole')
})

test('an exported log is checked without the server, and tampering is found with its place', async (t) => {
  const place = await prepareServer(t, hooked)
  const server = await place.start(...firstStart)
  await ask(place, 'audit', '--export', 'early.jsonl')
  for (let count = 0; count < 3; count++) await ask(place, 'tokens', 'create', 'viewer')
  await ask(place, 'audit', '--export', 'log.jsonl')
  await ended(server, 'SIGTERM')
  const verify = async (file: string, ...words: readonly string[]) => {
    const result = await place.sluice('audit', 'verify', file, '--seen', 'early.jsonl', ...words)
    return [result.status, result.stdout + result.stderr] as const
  }
  assert.equal((await verify('log.jsonl'))[0], 0)
  const lines = readFileSync(join(place.folder, 'log.jsonl'), 'utf8').split('\n')
  const tampered: readonly (readonly [readonly string[], RegExp])[] = [
    [lines.with(2, lines[2]?.replace('ok', 'no') ?? ''), /broken at entry 3/],
    [lines.toSpliced(1, 1), /broken at entry 2/],
    [lines.slice(0, 2), /not a whole export/],
    [lines.toSpliced(3, 1), /broken at entry 4/],
  ]
  for (const [index, [changed, expected]] of tampered.entries()) {
    const file = `changed-${index}.jsonl`
    writeFileSync(join(place.folder, file), changed.join('\n'))
    const [status, said] = await verify(file)
    assert.equal(status, 4)
    assert.match(said, expected)
  }
  writeFileSync(join(place.folder, 'other.pub'), `${'A'.repeat(43)}\n`)
  assert.match((await verify('log.jsonl', '--identity-file', 'other.pub'))[1], /is signed by key/)
})

test('a server that others could reach in the clear does not start', async (t) => {
  const place = await prepareServer(t, hooked)
  const open = { state: 'state', listen: { address: '0.0.0.0', port: 0 }, tls: { mode: 'off' } }
  writeFileSync(join(place.folder, 'open.yaml'), JSON.stringify(open))
  const refused = await place.sluice('server', '--config', 'open.yaml')
  assert.equal(refused.status, 4)
  assert.match(refused.stderr, /would serve plain HTTP on 0\.0\.0\.0/)
})

test('requests that two readers could take differently are refused by the built program too', async (t) => {
  const place = await prepareServer(t, hooked)
  const port = await freePort()
  const settings = { state: 'state', listen: { port }, tls: { mode: 'off' } }
  writeFileSync(join(place.folder, 'sluice-server.yaml'), JSON.stringify(settings))
  await place.start(...firstStart)
  const url = `http://127.0.0.1:${port}`
  for (const [what, text, expected] of rawRequests)
    assert.match(await spoken(t, url, text), expected, what)
})
