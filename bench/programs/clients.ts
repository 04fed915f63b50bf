import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import { labels, type ClientKind, type ClientReport, type ToClients } from '../switching/answers.ts'
import { openRawConnection, type RawConnection } from './raw-connection.ts'

// The visitors of a bench, in a process of their own: they ask without pause until told to stop.

const [port = '', count = '', kind = 'raw'] = process.argv.slice(2)
const numberOfPort = Number(port)
const lastly = kind === 'closing' ? 'Connection: close\r\n' : ''
const request = `GET / HTTP/1.1\r\nHost: shop.test\r\n${lastly}\r\n`

/** When sent, when answered, by whom; 0 for nobody. */
const answers: number[] = []
const failures: string[] = []
const run = { stopping: false }
let retries = 0
let failed = 0
let answered = 0
let waiting: { readonly at: number } | undefined

async function visit(): Promise<void> {
  let connection: RawConnection | undefined
  while (!run.stopping) {
    const sentAt = now()
    try {
      if (connection === undefined || connection.isOver()) {
        connection?.close()
        connection = await openRawConnection(numberOfPort, request)
      }
      const body = await askOnceOrTwice(connection)
      note(sentAt, labels.indexOf(body) + 1)
      if (!labels.includes(body)) fail(new Error(body))
    } catch (error) {
      note(sentAt, 0)
      fail(error as Error)
      await sleep(1)
    }
  }
  connection?.close()
}

/** Browsers and libraries try once more, on a new connection, what a kept one broke off. */
async function askOnceOrTwice(connection: RawConnection): Promise<string> {
  try {
    return await connection.ask()
  } catch (error) {
    if ((kind as ClientKind) !== 'retrying' || !connection.wasUsed()) throw error
    retries += 1
    const second = await openRawConnection(numberOfPort, request)
    return await second.ask().finally(() => second.close())
  }
}

function note(sentAt: number, label: number): void {
  answers.push(sentAt, now(), label)
  answered += 1
  if (waiting === undefined || answered < waiting.at) return
  waiting = undefined
  process.send?.({ answered })
}

function fail(error: Error): void {
  failed += 1
  if (failures.length < 20) failures.push(error.message)
}

/** Milliseconds on the kernel's monotonic clock, which all processes share. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

process.on('disconnect', () => process.exit(0))
process.on('message', (order: ToClients) => {
  if (order.type === 'after') {
    waiting = { at: answered + order.count }
    return
  }
  run.stopping = true
  void tellEnd(order.file)
})

const visitors = Array.from({ length: Number(count) }, visit)

async function tellEnd(file: string): Promise<void> {
  await Promise.all(visitors)
  writeFileSync(file, Float64Array.from(answers))
  const report: ClientReport = { requests: answered, failed, failures, retries }
  process.send?.(report, () => process.disconnect())
}
