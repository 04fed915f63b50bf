import type { LookupAddress } from 'node:dns'
import { lookup as lookUpName } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { callbackify } from 'node:util'

import { AppError } from '../../errors/index.ts'
import { assertMayFollow, networkError, showUrl, type UrlGate } from '../../system/index.ts'
import { classifyAddress } from './addresses.ts'
import { allowsUrl, parseOrigin } from './origins.ts'

/** Decides which addresses the relay may fetch from. */
export interface Wall extends UrlGate {
  /** Makes an address of what a caller asks for. @throws AppError `origin-refused`. */
  parseUrl(text: string): URL
}

export interface WallSettings {
  /** What may be fetched: `https://builds.example`, `http://store.example:8080/releases/`. Everything else is refused. */
  readonly origins: readonly string[]
  /** Whether these may lie in private networks or on this machine; metadata services stay refused. */
  readonly allowPrivate?: boolean
  /** Origins under which we are reached ourselves, refused though listed. */
  readonly own?: readonly string[]
  /** All addresses of a name; the system's resolver unless given. */
  readonly resolve?: Resolve
}

export type Resolve = (name: string) => Promise<readonly LookupAddress[]>

const mostRedirects = 5

/**
 * A wall that lets through only what is listed. The name is looked at first, in the address and in every redirect; then
 * all addresses that the name has, and at last the one that was connected to, so that a name whose addresses change in
 * between gains nothing. @throws AppError `config-invalid` for an origin that is none.
 */
export function openWall(settings: WallSettings): Wall {
  const origins = settings.origins.map(parseOrigin)
  const own = (settings.own ?? []).map(parseOrigin)
  const checkAddress = (address: string, what: string): void => {
    const kind = classifyAddress(address)
    if (kind === 'public' || (kind === 'private' && settings.allowPrivate === true)) return
    throw refused(`${what} is the ${kind} address ${address}`)
  }
  return {
    mostRedirects,
    parseUrl,
    checkUrl: (url, redirectedFrom) => {
      assertPlain(url)
      if (redirectedFrom !== undefined) assertMayFollow(redirectedFrom, url)
      const isListed = origins.some((origin) => allowsUrl(origin, url))
      if (!isListed) throw refused(`${showUrl(url)} is not among the origins that may be fetched`)
      if (own.some((origin) => allowsUrl(origin, url)))
        throw refused(`${showUrl(url)} is ourselves`)
      if (isIP(bareHost(url)) !== 0) checkAddress(bareHost(url), url.hostname)
    },
    lookup: guardedLookup(settings.resolve ?? resolveName, checkAddress),
    checkConnected: (address) => checkAddress(address, 'the machine that answered'),
  }
}

/** No wall at all: any address of the web, by up to ten redirects. Only for callers who are trusted with everything. */
export const noWall: Wall = {
  mostRedirects: 10,
  checkUrl: assertWeb,
  parseUrl: (text) => {
    const isWhole = /^https?:\/\/[^/]/i.test(text) && !hasControls(text) && URL.canParse(text)
    if (isWhole) return new URL(text)
    throw refused('what is asked for is not an address of the web')
  },
}

/** Stricter than a URL may be: what one reader takes for the host, another must not take for a path. */
function parseUrl(text: string): URL {
  const isPlain = /^https?:\/\/[\x21-\x7e]+$/.test(text) && !/[\\^`{}|<>"]/.test(text)
  if (isPlain && URL.canParse(text)) return new URL(text)
  // Not shown: what cannot be read may hold a password anywhere.
  throw refused('what is asked for is not a plain http or https address')
}

function assertPlain(url: URL): void {
  assertWeb(url)
  if (url.username !== '' || url.password !== '') {
    throw refused(`${showUrl(url)} has a user name or a password in it`)
  }
  if (metadataNames.test(url.hostname)) throw refused(`${url.hostname} is a metadata service`)
  if (encodedSeparators.test(url.pathname)) {
    throw refused(`${showUrl(url)} has an encoded separator in its path`)
  }
}

const metadataNames = /^(metadata|instance-data)(\.|$)/

/** An encoded slash, backslash, dot or NUL, also encoded twice: servers differ in what they make of one. */
const encodedSeparators = /%(25)*(2f|5c|2e|00)/i

function assertWeb(url: URL): void {
  if (url.protocol === 'http:' || url.protocol === 'https:') return
  throw refused(`${showUrl(url)} is not an http or https address`)
}

function guardedLookup(
  resolve: Resolve,
  checkAddress: (address: string, what: string) => void,
): LookupFunction {
  const answer = callbackify(async (name: string): Promise<readonly LookupAddress[]> => {
    const addresses = await resolve(name)
    for (const { address } of addresses) checkAddress(address, name)
    if (addresses.length > 0) return addresses
    throw networkError(new URL(`http://${name}/`), new Error('the name has no address'))
  })
  return (name, { all }, callback) => {
    answer(name, (error, addresses) => {
      const [first] = addresses ?? []
      if (first === undefined) callback(error, '')
      else if (all === true) callback(null, [...addresses])
      else callback(null, first.address, first.family)
    })
  }
}

async function resolveName(name: string): Promise<readonly LookupAddress[]> {
  try {
    return await lookUpName(name, { all: true })
  } catch (error) {
    throw networkError(new URL(`http://${name}/`), error)
  }
}

function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

function hasControls(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u0020\u007f]/.test(text)
}

function refused(problem: string): AppError {
  return new AppError('origin-refused', problem)
}
