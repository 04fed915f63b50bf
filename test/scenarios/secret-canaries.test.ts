import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { run } from '../../src/system/index.ts'
import { afterwards } from '../support/afterwards.ts'
import { packSampleRelease } from '../support/sample-release.ts'
import { ended, firstStart, prepareServer, type Place } from '../support/server-place.ts'

// Secrets go in by every door of the built server and its commands; after that they are looked for in all that was
// written, answered, logged or shown to other accounts, as they are and in the forms that programs give them.

interface Canary {
  readonly name: string
  readonly text: string
}

function made(name: string): Canary {
  return { name, text: `canary-${name}-${randomBytes(16).toString('hex')}` }
}

const hooks = ['github', 'gitlab', 'github-old', 'gitlab-old'].map(made)
const prostagma = ['prostagma', 'prostagma-old'].map(made)

async function prepare(t: TestContext): Promise<Place> {
  const file = ({ name }: Canary): string => `${name}.secret`
  const [github, gitlab, githubOld, gitlabOld] = hooks.map(file)
  const sources = [
    'token',
    'prostagma',
    { kind: 'github', secretFiles: [github, githubOld] },
    { kind: 'gitlab', secretFiles: [gitlab, gitlabOld] },
  ]
  const secrets = Object.fromEntries([...hooks, ...prostagma].map((one) => [file(one), one.text]))
  const settings = {
    triggers: { shop: { sources } },
    prostagma: { secretFiles: prostagma.map(file) },
    relay: { origins: ['http://127.0.0.1:9/files/'], allowPrivate: true },
  }
  return await prepareServer(t, { settings, secrets })
}

test('thirty secrets go in by every door, and none is found anywhere', async (t) => {
  const place = await prepare(t)
  const server = await place.start(...firstStart)
  const watch = watchProcesses(t)
  const said: string[] = []
  const sluice = async (...words: readonly string[]): Promise<void> => {
    const { stdout, stderr } = await place.sluice(...words)
    said.push(stdout, stderr)
  }
  const tokens = await makeTokens(place, sluice)
  const archive = await packSampleRelease(place.folder, { version: '1.0.0' })
  await sluice('key', 'new', 'release.key')
  await sluice('sign', archive, '--key', 'release.key')
  await sluice('publish', archive)
  await sluice('publish', archive, '--token-file', 'viewer-0.token')
  await sluice('trigger', 'shop', '--token-file', 'trigger-0.token')
  for (const command of ['releases', 'tokens list', 'audit', 'audit verify', 'agents'])
    await sluice(...command.split(' '), '--debug')
  await sluice('audit', '--export', 'audit.jsonl')
  const joining = await joinToken(place)
  const password = made('postgres')
  misplaceDatabase(place, password)
  await sluice('server', '--config', 'postgres.yaml')
  await sluice('server', 'backup', 'other', '--config', 'postgres.yaml')
  const url = made('url')
  const answers = [...(await misuse(place, url)), await metrics(place)]
  await sluice('server', 'backup', 'backup')
  await ended(server, 'SIGTERM')
  const places = new Map([
    ['what commands said', said.join('\n')],
    ['what the server logged', server.log()],
    ['what it printed', server.lines.join('\n')],
    ['its answers', answers.join('\n')],
    ['command lines', watch()],
    ...filesOf(place.folder),
  ])
  const canaries = [...hooks, ...prostagma, ...tokens, joining, password, url, ...keys(place)]
  assert.ok(canaries.length >= 30, `${canaries.length} secrets`)
  assert.deepEqual(found(canaries, places), [])
  // The search itself finds what is there.
  const planted = new Map([['a log', `x ${Buffer.from(`y${url.text}z`).toString('base64')}`]])
  assert.deepEqual(found([url], planted), ['url in a log'])
})

/** Twenty tokens; of each the part that is secret. */
async function makeTokens(
  place: Place,
  sluice: (...words: readonly string[]) => Promise<void>,
): Promise<Canary[]> {
  const scopes = ['viewer', 'trigger:shop', 'deployer:shop/production', 'auditor', 'admin']
  const canaries = [secretOf(place, 'admin')]
  for (let round = 0; round < 4; round++)
    for (const scope of scopes) {
      const name = `${scope.split(':')[0]}-${round}`
      await sluice('tokens', 'create', scope, '--output', `${name}.token`)
      canaries.push(secretOf(place, name))
    }
  return canaries
}

/** Shown once, by the command that makes it; nowhere else. */
async function joinToken(place: Place): Promise<Canary> {
  const { stdout } = await place.sluice('join-token', '--json')
  const { text = '' } = JSON.parse(stdout) as { readonly text?: string }
  assert.ok(text.length > 60, stdout)
  return { name: 'join token', text: text.slice(-40) }
}

/** Settings of a server whose PostgreSQL does not answer. */
function misplaceDatabase({ folder }: Place, password: Canary): void {
  const url = `postgres://sluice:${password.text}@127.0.0.1:9/sluice`
  writeFileSync(join(folder, 'postgres.secret'), `${url}\n`, { mode: 0o600 })
  const settings = { state: 'other', database: { postgresUrlFile: 'postgres.secret' } }
  writeFileSync(join(folder, 'postgres.yaml'), JSON.stringify(settings))
}

function secretOf({ folder }: Place, name: string): Canary {
  const text = readFileSync(join(folder, `${name}.token`), 'utf8').trim()
  return { name: `token ${name}`, text: text.split('_')[3] ?? text }
}

/** The bodies of private keys; that of the servers lies in the database and its backup, where it belongs. */
function keys({ folder }: Place): Canary[] {
  const [, release = ''] = readFileSync(join(folder, 'release.key'), 'utf8').split('\n')
  const [, tls = ''] = readFileSync(join(folder, 'state/tls.pem'), 'utf8').split('\n')
  return [
    { name: 'signing key', text: release.slice(-60) },
    { name: 'TLS key', text: tls.slice(-40) },
  ]
}

/** Requests that go wrong with secrets in them; answers all that was answered. */
async function misuse(place: Place, url: Canary): Promise<string[]> {
  const admin = readFileSync(join(place.folder, 'admin.token'), 'utf8').trim()
  const encoded = Buffer.from(`http://user:${url.text}@127.0.0.1:9/files/`).toString('base64url')
  const body = JSON.stringify({ secret: prostagma[0]?.text, trigger: 'none', url: url.text })
  const requests = [
    ['-H', `Authorization: Bearer ${admin}x`, `${place.url}/v1/tokens`],
    ['-H', `Authorization: Bearer ${admin}`, `${place.url}/v1/relay?url=${encoded}`],
    ['-H', `Authorization: Bearer ${admin}`, `${place.url}/v1/token?token=${url.text}`],
    ['-H', `X-Gitlab-Token: ${hooks[1]?.text}x`, '-d', '{}', `${place.url}/v1/hooks/shop`],
    ['-H', `X-Gitlab-Token: ${hooks[3]?.text}`, '-d', '{', `${place.url}/v1/hooks/shop`],
    ['-d', body, `${place.url}/trigger`],
    ['-d', body, `${place.url}/cache`],
    ['-d', `${body}${body}`.slice(1), `${place.url}/trigger`],
  ]
  const answers: string[] = []
  for (const [index, words] of requests.entries()) {
    // By a file: the words of curl itself could be seen by others.
    const file = join(place.folder, `.curl-${index}`)
    writeFileSync(file, curlSettings(words), { mode: 0o600 })
    const argv = ['curl', '-sik', '-m', '9', '-K', file]
    answers.push((await run(argv, { timeout: 20_000 })).stdout)
  }
  assert.ok(
    answers.every((answer) => answer.startsWith('HTTP')),
    answers.join('\n'),
  )
  return answers
}

function curlSettings(words: readonly string[]): string {
  const lines: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '-H' || word === '-d') {
      at += 1
      lines.push(`${word === '-H' ? 'header' : 'data'} = ${JSON.stringify(words[at])}`)
    } else lines.push(`url = ${JSON.stringify(word)}`)
  }
  return `${lines.join('\n')}\n`
}

async function metrics(place: Place): Promise<string> {
  const viewer = readFileSync(join(place.folder, 'viewer-1.token'), 'utf8').trim()
  const file = join(place.folder, '.curl-metrics')
  writeFileSync(
    file,
    curlSettings(['-H', `Authorization: Bearer ${viewer}`, `${place.url}/metrics`]),
    {
      mode: 0o600,
    },
  )
  const { stdout } = await run(['curl', '-sik', '-m', '9', '-K', file], { timeout: 20_000 })
  assert.match(stdout, /sluice_http/)
  return stdout
}

/** Samples the command lines of all processes until it is asked what it saw. */
function watchProcesses(t: TestContext): () => string {
  const seen = new Set<string>()
  const look = (): void => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, 'latin1'))
      } catch {
        // It has ended meanwhile.
      }
  }
  const timer = setInterval(look, 10)
  afterwards(t, () => clearInterval(timer))
  return () => {
    clearInterval(timer)
    return [...seen].join('\n')
  }
}

/** Every file but those that are there to hold a secret. */
function filesOf(folder: string): [string, string][] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !holdsSecret(entry.name))
    .map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'latin1')])
}

function holdsSecret(name: string): boolean {
  return /\.(secret|token|key)$|^tls\.pem$|^\.curl-/.test(name)
}

function found(canaries: readonly Canary[], places: ReadonlyMap<string, string>): string[] {
  return canaries.flatMap((canary) =>
    [...places]
      .filter(([, content]) => formsOf(canary.text).some((form) => content.includes(form)))
      .map(([place]) => `${canary.name} in ${place}`),
  )
}

/** As it is, in hexadecimal, and in base64 wherever in a text it begins. */
function formsOf(text: string): string[] {
  const bytes = Buffer.from(text)
  const shifted = [0, 1, 2].flatMap((shift) => {
    const padded = Buffer.concat([Buffer.alloc(shift), bytes])
    // Without what the bytes around it have a part in.
    return [padded.toString('base64'), padded.toString('base64url')].map((encoded) =>
      encoded.replace(/=+$/, '').slice(shift === 0 ? 0 : 4, -2),
    )
  })
  return [text, bytes.toString('hex'), ...shifted]
}
