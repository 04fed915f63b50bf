import { fileURLToPath } from 'node:url'
import type { TestContext } from 'node:test'

import { listProxies } from '../../src/proxy/embedded/control-client.ts'
import type { EmbeddedOptions } from '../../src/proxy/embedded/embedded-driver.ts'
import type { ProxyPlace, ProxySettings } from '../../src/proxy/index.ts'
import { identify, isAlive, sendSignal } from '../../src/system/index.ts'
import { afterwards } from './afterwards.ts'
import { freePort } from './free-port.ts'
import { waitUntil } from './wait-until.ts'

const program = fileURLToPath(new URL('programs/serve-proxy.ts', import.meta.url))

/** The command that serves the embedded proxy on Node, without the command line. */
export const serveCommand = [process.execPath, program] as const

export async function proxySettings(changes: Partial<ProxySettings> = {}): Promise<ProxySettings> {
  return {
    driver: 'embedded',
    mode: 'proxy',
    http: { address: '127.0.0.1', port: await freePort() },
    https: undefined,
    timeout: 10_000,
    maxBody: 0,
    accessLog: true,
    healthPath: undefined,
    nginx: { program: '', configDirectory: '', mainConfig: '', user: undefined },
    drainWithin: 3000,
    ...changes,
  }
}

/** Options of an embedded proxy whose processes are ended, however many there are by then, when the test is over. */
export async function embeddedOptions(
  t: Pick<TestContext, 'after'>,
  place: ProxyPlace,
  changes: Partial<EmbeddedOptions> & { readonly settings?: ProxySettings } = {},
): Promise<EmbeddedOptions> {
  afterwards(t, () => endProxies(place))
  return { ...place, settings: await proxySettings(), command: serveCommand, ...changes }
}

async function endProxies(place: ProxyPlace): Promise<void> {
  for (const { status } of await listProxies(place)) {
    const process = identify(status.pid)
    sendSignal(status.pid, 'SIGKILL')
    await waitUntil(() => process === undefined || !isAlive(process), 'the end of the proxy')
  }
}
