import { request as requestHttp, type ClientRequest, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { BlockList, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import { AppError } from '../errors/index.ts'

/** The proxy by which a URL is to be asked for; undefined when it is asked directly. */
export type ChooseProxy = (url: URL) => URL | undefined

/**
 * Proxies as the usual variables name them: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, also in small letters. This machine is
 * never asked through one. @throws AppError `config-invalid` for a proxy that is no http address.
 */
export function proxyFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): ChooseProxy {
  const read = (name: string): string => environment[name] || environment[name.toLowerCase()] || ''
  const proxies = new Map([
    ['http:', parseProxy('HTTP_PROXY', read('HTTP_PROXY'))],
    ['https:', parseProxy('HTTPS_PROXY', read('HTTPS_PROXY'))],
  ])
  const exceptions = read('NO_PROXY')
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
  return (url) => {
    const isDirect = isThisMachine(url) || exceptions.some((entry) => isException(entry, url))
    return isDirect ? undefined : proxies.get(url.protocol)
  }
}

function parseProxy(name: string, text: string): URL | undefined {
  if (text === '') return undefined
  const whole = /^[a-z\d+.-]+:\/\//i.test(text) ? text : `http://${text}`
  if (/^http:/i.test(whole) && URL.canParse(whole)) return new URL(whole)
  throw new AppError('config-invalid', `${name} names no http proxy`, {
    hint: 'write http://host:port',
  })
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

function isThisMachine(url: URL): boolean {
  return url.hostname === 'localhost' || isIn(loopback, bareHost(url))
}

/** `*`, a name (with all below it), `.name` (only what is below), an address, a network; each perhaps with a port. */
function isException(entry: string, url: URL): boolean {
  if (entry === '*') return true
  const host = bareHost(url)
  if (entry.includes('/')) return isInNetwork(entry, host)
  if (isIP(entry) !== 0) return entry === host
  const [, place = entry, port = portOf(url)] = /^(.*):(\d+)$/.exec(entry) ?? []
  if (port !== portOf(url)) return false
  if (isIP(host) !== 0) return place.replace(/^\[|\]$/g, '') === host
  const name = place.replace(/^\*/, '')
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`)
}

function isInNetwork(network: string, host: string): boolean {
  const [address = '', bits = ''] = network.split('/')
  const family = isIP(address)
  if (family === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128))
    return false
  const blocks = new BlockList()
  blocks.addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6')
  return isIn(blocks, host)
}

function isIn(blocks: BlockList, host: string): boolean {
  const family = isIP(host)
  return family !== 0 && blocks.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

function portOf({ port, protocol }: URL): string {
  return port === '' ? (protocol === 'https:' ? '443' : '80') : port
}

export interface ProxiedOptions extends RequestOptions {
  readonly headers: Readonly<Record<string, string>>
}

/** A request that a proxy passes on: by its whole address, or for https through a tunnel. */
export async function requestByProxy(
  url: URL,
  proxy: URL,
  options: ProxiedOptions,
): Promise<ClientRequest> {
  const authorization = proxyAuthorization(proxy)
  const place = { host: bareHost(proxy), port: portOf(proxy), agent: false as const }
  if (url.protocol === 'http:') {
    const headers = { ...options.headers, host: url.host, ...authorization }
    return requestHttp({ ...options, ...place, path: url.href.replace(/#.*$/, ''), headers })
  }
  const target = `${url.hostname}:${portOf(url)}`
  const socket = await openTunnel(target, { ...place, ...pick(options) }, authorization)
  const { agent: _, ...rest } = options
  const servername = isIP(bareHost(url)) === 0 ? { servername: url.hostname } : {}
  return requestHttps(url, {
    ...rest,
    // With a connection that is made elsewhere the usual port is not known to be that of https.
    headers: { ...options.headers, host: url.host },
    createConnection: () => connectTls({ socket, ...servername }),
  })
}

function pick({ signal, timeout }: RequestOptions): RequestOptions {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(timeout === undefined ? {} : { timeout }),
  }
}

function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(plain).toString('base64')}` }
}

function openTunnel(
  target: string,
  options: RequestOptions,
  authorization: Readonly<Record<string, string>>,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const headers = { host: target, ...authorization }
    const sent = requestHttp({ ...options, method: 'CONNECT', path: target, headers })
    sent.once('error', reject)
    sent.once('timeout', () => sent.destroy(new Error('the proxy does not answer')))
    sent.once('connect', (response, socket) => {
      if (response.statusCode === 200) return resolve(socket)
      socket.destroy()
      return reject(new Error(`the proxy answered ${response.statusCode}`))
    })
    sent.end()
  })
}
