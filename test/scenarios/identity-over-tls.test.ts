import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test, { type TestContext } from 'node:test'

import { compileWithBun } from '../../scripts/build.ts'
import { createIdentity } from '../../src/trust/index.ts'
import { childEnvironment, makeDirectory, runOrFail } from '../../src/system/index.ts'
import { afterwards } from '../support/afterwards.ts'
import { temporaryFolder } from '../support/temp-folder.ts'

// The program is built as the executable is, and run by Node as it is: proofs must hold between any two of them.

const source = new URL('../support/programs/channel-peer.ts', import.meta.url).pathname

test('a server and an agent prove themselves over TLS on any pair of runtimes', async (t) => {
  const folder = temporaryFolder(t)
  const built = join(folder, 'channel-peer')
  await compileWithBun(source, built)
  const runtimes = { node: [process.execPath, source], bun: [built] }
  const [server, agent] = [identity(folder, 'server'), identity(folder, 'agent')]
  for (const [serving, serve] of Object.entries(runtimes)) {
    const port = await started(t, [...serve, 'serve', server.folder, agent.keyHash])
    for (const [calling, call] of Object.entries(runtimes)) {
      const said = await called([...call, 'call', agent.folder, server.keyHash, port])
      assert.deepEqual(said, { server: server.id, agent: agent.id }, `${calling} calls ${serving}`)
      const mistaken = await called([...call, 'call', agent.folder, agent.keyHash, port])
      assert.equal(mistaken.server, 'identity-mismatch')
    }
    const authority = join(server.folder, 'tls.pem')
    const url = `https://127.0.0.1:${port}/`
    // What checks names and chains by itself takes the certificate for its own authority.
    assert.equal(await runOrFail(['curl', '-sS', '-m', '9', '--cacert', authority, url]), 'hello')
  }
})

function identity(parent: string, name: string) {
  const folder = join(parent, name)
  makeDirectory(folder, 0o700)
  const { id, keyHash } = createIdentity(join(folder, 'identity.pem'), randomBytes)
  return { folder, id, keyHash }
}

/** Starts a server and answers the port it prints. */
async function started(t: TestContext, argv: readonly string[]): Promise<string> {
  const [program = '', ...rest] = argv
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: childEnvironment(),
  })
  afterwards(t, () => void child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error('it printed no port')
}

async function called(argv: readonly string[]) {
  return JSON.parse(await runOrFail(argv, { timeout: 20_000 })) as { server: string; agent: string }
}
