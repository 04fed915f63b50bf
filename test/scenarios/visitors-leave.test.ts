import assert from 'node:assert/strict'
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'node:test'

import { createMachine } from '../support/machine.ts'

/** Answers in chunks: their end is not known when the last of them is passed on. */
const chunkedApp = `
import { createServer } from 'node:http'
createServer((request, response) => {
  response.write('some')
  response.end('thing')
}).listen(Number(process.env.PORT), '127.0.0.1')
`

/** Asks once; leaves at some moment of the answer when told to. */
function visit(port: number, leaves: boolean): Promise<string> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, agent: false, timeout: 10_000 }
    const request = get(options, (response) => {
      response.on('error', () => undefined).resume()
      response.on('end', () => resolve(`status ${response.statusCode}`))
    })
    request.on('timeout', () => request.destroy(new Error('no answer')))
    request.on('error', (error) => resolve(error.message))
    request.on('close', () => resolve('left'))
    if (leaves) setTimeout(() => request.destroy(), Math.random() * 4)
  })
}

test('visitors who leave in the middle of an answer hold nobody up', async (t) => {
  const machine = await createMachine(t)
  const archive = await machine.pack({
    version: '1',
    manifest: { service: { command: `exec '${process.execPath}' chunked.mjs`, grace: '1s' } },
    files: { 'chunked.mjs': chunkedApp },
  })
  const deployed = await machine.sluice('deploy', archive)
  assert.equal(deployed.status, 0, deployed.stderr)
  let isOver = false
  async function leaving(): Promise<void> {
    while (!isOver) {
      await visit(machine.port, true)
      await sleep(Math.random() * 3)
    }
  }
  const leavers = Promise.all([leaving(), leaving(), leaving()])
  const answers: string[] = []
  async function staying(): Promise<void> {
    for (let asked = 0; asked < 150; asked++) {
      answers.push(await visit(machine.port, false))
      await sleep(Math.random() * 5)
    }
  }
  await Promise.all([staying(), staying(), staying(), staying()])
  isOver = true
  await leavers
  assert.deepEqual([...new Set(answers)], ['status 200'])
})
