import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'

import { hostAskSchema, type DesiredState, type HostAsk } from '../../src/protocol/index.ts'
import type { HostReportBody, WantedArchives } from '../../src/protocol/index.ts'
import { afterwards } from './afterwards.ts'

/** A `sluice host serve` that keeps everything in memory and does nothing. */
export interface FakeHost {
  readonly desired: readonly DesiredState[]
  readonly offers: readonly { readonly digest: string; readonly path: string }[]
  acknowledged(): number
  report(...bodies: readonly HostReportBody[]): void
  want(wants: WantedArchives): void
  /** What becomes of an offer; runs while the file is there. */
  onOffer: (offer: { readonly digest: string; readonly path: string }) => boolean
  /** Cuts connections and listens no more; what it knows stays unless it is told to forget. */
  stop(): Promise<void>
  start(): Promise<void>
  forget(): void
}

export async function fakeHostDoor(t: Pick<TestContext, 'after'>, path: string): Promise<FakeHost> {
  const desired: DesiredState[] = []
  const offers: { digest: string; path: string }[] = []
  const reports: { number: number; at: number; body: HostReportBody }[] = []
  const sockets = new Set<Socket>()
  let [acknowledged, wants]: [number, WantedArchives] = [0, []]
  let last: DesiredState | undefined
  const waiting = new Set<() => void>()
  const wake = (): void => waiting.forEach((go) => go())

  async function answer(ask: HostAsk, gone: AbortSignal): Promise<unknown> {
    switch (ask.ask) {
      case 'hello': {
        const known = last && { desired: { epoch: last.epoch, revision: last.revision } }
        return { host: 'fake', version: '0', ...known, acknowledged, wants }
      }
      case 'desire':
        last = ask.desired
        desired.push(ask.desired)
        return { wants }
      case 'offer': {
        const { digest, path: offered } = ask
        offers.push({ digest, path: offered })
        const taken = host.onOffer({ digest, path: offered })
        if (taken) wants = wants.filter((want) => want.digest !== digest)
        return { taken }
      }
      case 'reports': {
        const seen = wants
        const isNews = (): boolean =>
          reports.some(({ number }) => number > ask.after) || wants !== seen
        if (!isNews()) await waitFor(ask.wait, gone)
        return { reports: reports.filter(({ number }) => number > ask.after), wants }
      }
      case 'acknowledge':
        acknowledged = ask.upTo
        return { upTo: acknowledged }
      default:
        throw new Error('no such ask')
    }
  }
  function waitFor(milliseconds: number, gone: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        waiting.delete(end)
        resolve()
      }
      const timer = setTimeout(end, milliseconds)
      waiting.add(end)
      gone.addEventListener('abort', end, { once: true })
    })
  }
  function serve(socket: Socket): void {
    const gone = new AbortController()
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => {
      sockets.delete(socket)
      gone.abort()
    })
    void answerAll(socket, gone.signal).catch((thrown: unknown) => {
      // Whoever asked is gone, which tests want now and then.
      if (!socket.destroyed) throw thrown
    })
  }
  async function answerAll(socket: Socket, gone: AbortSignal): Promise<void> {
    for await (const line of createInterface({ input: socket })) {
      const value = await answer(hostAskSchema.parse(JSON.parse(line)), gone)
      if (!gone.aborted) socket.write(`${JSON.stringify(value)}\n`)
    }
  }
  let server = createServer(serve)
  const host: FakeHost = {
    desired,
    offers,
    acknowledged: () => acknowledged,
    report: (...bodies) => {
      for (const body of bodies) reports.push({ number: reports.length + 1, at: Date.now(), body })
      wake()
    },
    want: (wanted) => {
      wants = wanted
      wake()
    },
    onOffer: () => true,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
    start: async () => {
      mkdirSync(dirname(path), { recursive: true })
      rmSync(path, { force: true })
      server = createServer(serve)
      await new Promise<void>((resolve) => server.listen(path, resolve))
      chmodSync(path, 0o600)
    },
    forget: () => {
      last = undefined
    },
  }
  await host.start()
  afterwards(t, () => host.stop())
  return host
}
