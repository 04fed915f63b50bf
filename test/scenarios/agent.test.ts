import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test, { type TestContext } from 'node:test'
import { createServer } from 'node:tls'

import { childEnvironment, run, type RunResult } from '../../src/system/index.ts'
import { keepCertificate } from '../../src/trust/index.ts'
import { afterwards } from '../support/afterwards.ts'
import { fakeHostDoor, type FakeHost } from '../support/fake-host-door.ts'
import { freePort } from '../support/free-port.ts'
import { temporaryFolder } from '../support/temp-folder.ts'
import { builtProgram } from '../support/tools.ts'
import { waitUntil } from '../support/wait-until.ts'

// A person makes a join token, enrols a machine and runs its agent, all with the built file; then things go wrong.

interface Place {
  readonly folder: string
  readonly url: string
  readonly host: FakeHost
  startServer(): Promise<ChildProcess>
  startAgent(...words: readonly string[]): Started
  startAgentWith(variables: Readonly<Record<string, string>>): Started
  sluice(...words: readonly string[]): Promise<RunResult>
}

interface Started {
  readonly child: ChildProcess
  readonly log: () => string
}

async function prepare(t: TestContext): Promise<Place> {
  const folder = temporaryFolder(t)
  const port = await freePort()
  writeFileSync(join(folder, 'sluice-server.yaml'), `{state: state, listen: {port: ${port}}}`)
  const program = builtProgram('sluice')
  const url = `https://127.0.0.1:${port}`
  const env = childEnvironment({
    SLUICE_SERVER: url,
    SLUICE_SERVER_IDENTITY: 'state/identity.pub',
    SLUICE_TOKEN_FILE: 'admin.token',
  })
  const start = (words: readonly string[], variables = env) => {
    const stdio = ['ignore', 'pipe', 'pipe'] as const
    const child = spawn(program, words, { cwd: folder, env: variables, stdio: [...stdio] })
    afterwards(t, () => void child.kill('SIGKILL'))
    let log = ''
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
    return { child, log: () => log, stdout: child.stdout }
  }
  const agentWords = ['agent', '--state', 'agent', '--host-socket', 'host.sock']
  const place: Place = {
    folder,
    url,
    host: await fakeHostDoor(t, join(folder, 'host.sock')),
    sluice: (...words) => run([program, ...words], { cwd: folder, env, timeout: 30_000 }),
    startServer: async () => {
      const { child, stdout, log } = start(['server', '--admin-token-file', 'admin.token'])
      for await (const line of createInterface({ input: stdout }))
        if (line.startsWith('sluice server at')) return child
      throw new Error(`the server did not start: ${log()}`)
    },
    startAgent: (...words) => start([...agentWords, ...words]),
    startAgentWith: (variables) => start(agentWords, { ...env, ...variables }),
  }
  return place
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal)
    await once(child, 'exit')
  }
  return child.exitCode
}

async function ended({ child, log }: Started): Promise<number | null> {
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null
  await waitUntil(isOver, 'the end of an agent').catch((thrown: unknown) => {
    throw new Error(log(), { cause: thrown })
  })
  return child.exitCode
}

async function enrolHere({ sluice, url, folder }: Place, name = 'web-1'): Promise<void> {
  rmSync(join(folder, 'join.token'), { force: true })
  const made = await sluice('join-token', '--labels', 'app=shop', '--output', 'join.token')
  assert.equal(made.status, 0, made.stderr)
  const words = ['--token-file', 'join.token', '--state', 'agent', '--name', name]
  const enrolled = await sluice('agent', 'enrol', url, ...words)
  assert.equal(enrolled.status, 0, enrolled.stderr)
}

interface AgentRow {
  readonly name: string
  readonly state: string
  readonly version: string | null
}

async function agentRow({ sluice }: Place): Promise<AgentRow | undefined> {
  const listed = await sluice('agents', '--json')
  return (JSON.parse(listed.stdout) as { readonly agents: readonly AgentRow[] }).agents[0]
}

const alarm = (message: string) => ({ kind: 'alarm', code: 'test', message }) as const
const observed = { kind: 'observed' as const, apps: [], version: '9.8.7', freeBytes: 1 }

test('what the server wants reaches the host, and what the host reports reaches the server', async (t) => {
  const place = await prepare(t)
  await place.startServer()
  await enrolHere(place)
  assert.equal(statSync(join(place.folder, 'agent')).mode & 0o777, 0o700)
  assert.equal(statSync(join(place.folder, 'agent/identity.pem')).mode & 0o777, 0o600)
  place.host.report(alarm('first'), observed)
  const agent = place.startAgent()
  await waitUntil(() => place.host.desired.length === 1, 'a desired state')
  await waitUntil(() => place.host.acknowledged() === 2, 'an acknowledgement')
  assert.equal((await agentRow(place))?.version, '9.8.7')
  place.host.report(alarm('later'))
  await waitUntil(() => place.host.acknowledged() === 3, 'another acknowledgement')
  assert.equal(await stop(agent.child, 'SIGTERM'), 0)
})

test('a join token is used once, over a connection to its own server only', async (t) => {
  const place = await prepare(t)
  await place.startServer()
  await enrolHere(place)
  const enrol = (...words: readonly string[]) =>
    place.sluice('agent', 'enrol', place.url, '--token-file', 'join.token', ...words)
  const again = await enrol('--state', 'agent')
  assert.deepEqual([again.status, /is the state of agent "web-1"/.test(again.stderr)], [4, true])
  const other = await enrol('--state', 'other', '--name', 'web-2')
  assert.match(other.stderr, /the join token is not valid here/)
  // The answer was lost: the key is there and what it belongs to is not.
  rmSync(join(place.folder, 'agent/agent.json'))
  assert.equal((await enrol('--state', 'agent', '--name', 'web-1')).status, 0)
  const elsewhere = await prepare(t)
  await elsewhere.startServer()
  await elsewhere.sluice('join-token', '--output', 'join.token')
  const foreign = join(elsewhere.folder, 'join.token')
  const words = ['--token-file', foreign, '--state', 'third']
  const mistaken = await place.sluice('agent', 'enrol', place.url, ...words)
  assert.equal(mistaken.status, 4)
  assert.match(mistaken.stderr, /expected key \S{43}, was shown \S{43}/)
})

test('server, host and agent may each be away, and nothing is lost', async (t) => {
  const place = await prepare(t)
  let server = await place.startServer()
  await enrolHere(place)
  await place.host.stop()
  let agent = place.startAgent()
  await waitUntil(() => /host-unreachable/.test(agent.log()), 'a failure')
  await place.host.start()
  await waitUntil(() => place.host.desired.length === 1, 'a desired state')
  await stop(server, 'SIGKILL')
  place.host.report(alarm('while the server is away'))
  await waitUntil(() => /"loop":"poll","code":"server-unreachable"/.test(agent.log()), 'a failure')
  server = await place.startServer()
  await waitUntil(() => place.host.acknowledged() === 1, 'an acknowledgement')
  await stop(agent.child, 'SIGKILL')
  place.host.report(alarm('while the agent is away'))
  agent = place.startAgent()
  await waitUntil(() => place.host.acknowledged() === 2, 'an acknowledgement')
  // Of a host that was set up anew the server's state is wanted again.
  await place.host.stop()
  place.host.forget()
  await place.host.start()
  await waitUntil(() => place.host.desired.length === 2, 'the desired state again')
})

test('of two machines with one key both are stopped, and the operator sees which', async (t) => {
  const place = await prepare(t)
  await place.startServer()
  await enrolHere(place)
  const first = place.startAgent()
  await waitUntil(() => place.host.desired.length === 1, 'a desired state')
  await stop(first.child, 'SIGTERM')
  cpSync(join(place.folder, 'agent'), join(place.folder, 'copy'), { recursive: true })
  // One login ahead of the copy could be an answer that was lost; two cannot.
  await stop((await loggedIn(place, 1)).child, 'SIGTERM')
  const second = await loggedIn(place, 2)
  const third = place.startAgent('--state', 'copy')
  assert.equal(await ended(third), 4)
  assert.match(third.log(), /logged in from two machines/)
  assert.equal(await ended(second), 4)
  assert.equal((await agentRow(place))?.state, 'quarantined')
  assert.match((await place.sluice('audit')).stdout, /quarantine-agent/)
  assert.equal((await place.sluice('agent', 'remove', 'web-1')).status, 0)
  rmSync(join(place.folder, 'agent'), { recursive: true })
  await enrolHere(place)
  await loggedIn(place, 3)
})

/** Starts the agent and has it carry the host's next report, which is of that number. */
async function loggedIn(place: Place, number: number): Promise<Started> {
  const agent = place.startAgent()
  place.host.report(alarm('logged in'))
  await waitUntil(() => place.host.acknowledged() === number, 'a login')
  return agent
}

test('two agents do not run with one state', async (t) => {
  const place = await prepare(t)
  await place.startServer()
  await enrolHere(place)
  const first = place.startAgent()
  await waitUntil(() => place.host.desired.length === 1, 'a desired state')
  const second = place.startAgent()
  assert.equal(await ended(second), 5)
  assert.match(second.log(), /be agent web-1/)
  assert.equal(first.child.exitCode, null)
})

test('a removed agent ends while its poll is held', async (t) => {
  const place = await prepare(t)
  await place.startServer()
  await enrolHere(place)
  const agent = place.startAgent()
  await waitUntil(() => place.host.desired.length === 1, 'a desired state')
  assert.equal((await place.sluice('agent', 'remove', 'web-1')).status, 0)
  assert.equal(await ended(agent), 4)
  assert.match(agent.log(), /knows no agent/)
})

test('another server in its place is told nothing, and the agent names both keys', async (t) => {
  const place = await prepare(t)
  const server = await place.startServer()
  await enrolHere(place)
  const pinned = readFileSync(join(place.folder, 'state/identity.pub'), 'utf8').trim()
  await stop(server, 'SIGKILL')
  rmSync(join(place.folder, 'state'), { recursive: true })
  rmSync(join(place.folder, 'admin.token'))
  await place.startServer()
  const seen = readFileSync(join(place.folder, 'state/identity.pub'), 'utf8').trim()
  const agent = place.startAgent()
  assert.equal(await ended(agent), 4)
  assert.ok(agent.log().includes(`expected key ${pinned}, was shown ${seen}`))
})

test('behind a declared proxy the address is what proofs are bound to, and its certificate counts', async (t) => {
  const place = await prepare(t)
  const [front, inner] = [await freePort(), await freePort()]
  const origin = `https://localhost:${front}`
  const settings = { state: 'state', listen: { port: inner }, tls: { mode: 'off' }, origin }
  writeFileSync(join(place.folder, 'sluice-server.yaml'), JSON.stringify(settings))
  await place.startServer()
  const trusted = await endTls(t, { front, inner, file: join(place.folder, 'front.pem') })
  const plain = { SLUICE_SERVER: `http://127.0.0.1:${inner}`, SSL_CERT_FILE: trusted }
  const env = childEnvironment({ ...plain, SLUICE_TOKEN_FILE: 'admin.token' })
  const sluice = (...words: readonly string[]) =>
    run([builtProgram('sluice'), ...words], { cwd: place.folder, env, timeout: 30_000 })
  assert.equal((await sluice('join-token', '--output', 'join.token')).status, 0)
  const enrol = ['agent', 'enrol', origin, '--token-file', 'join.token', '--state', 'agent']
  const undeclared = await sluice(...enrol)
  assert.match(undeclared.stderr, /did not prove itself/)
  const untrusted = await place.sluice(...enrol, '--behind-proxy')
  assert.match(untrusted.stderr, /does not answer: .*certificate/)
  const enrolled = await sluice(...enrol, '--behind-proxy')
  assert.equal(enrolled.status, 0, enrolled.stderr)
  place.host.report(alarm('by the proxy'))
  place.startAgentWith({ SSL_CERT_FILE: trusted })
  await waitUntil(() => place.host.acknowledged() === 1, 'an acknowledgement')
  await waitUntil(() => place.host.desired.length === 1, 'a desired state')
})

/** A proxy that ends TLS for localhost; answers the file with its certificate. */
async function endTls(
  t: TestContext,
  { front, inner, file }: { readonly front: number; readonly inner: number; readonly file: string },
): Promise<string> {
  const random = (length: number): Buffer => randomBytes(length)
  const pem = keepCertificate(file, { names: ['localhost'], now: Date.now(), random })
  const sockets = new Set<Socket>()
  const door = createServer({ key: pem, cert: pem }, (outside) => {
    const inside = connect(inner, '127.0.0.1')
    for (const socket of [outside, inside]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    outside.pipe(inside).pipe(outside)
  })
  await new Promise<void>((resolve) => door.listen(front, 'localhost', resolve))
  afterwards(t, async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => door.close(resolve))
  })
  const trusted = `${file}.trusted`
  writeFileSync(trusted, pem.slice(pem.indexOf('-----BEGIN CERTIFICATE-----')))
  return trusted
}

test('the figures of an agent are served on this machine only', async (t) => {
  const place = await prepare(t)
  await place.startServer()
  await enrolHere(place)
  const refused = place.startAgent('--metrics-listen', '0.0.0.0:9101')
  assert.equal(await ended(refused), 2)
  const listen = `127.0.0.1:${await freePort()}`
  place.startAgent('--metrics-listen', listen)
  const page = async () => (await fetch(`http://${listen}/metrics`)).text().catch(() => '')
  await waitUntil(() => place.host.desired.length === 1, 'a desired state')
  await waitUntil(async () => /sluice_agent_revision 1\n/.test(await page()), 'the revision')
  const text = await page()
  assert.match(text, /sluice_agent_connected 1\n/)
  assert.match(text, /sluice_agent_host_connected 1\n/)
  assert.match(text, /sluice_agent_polls_total [12]\n/)
})
