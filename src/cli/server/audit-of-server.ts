import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import {
  checkHead,
  witnessChain,
  type AuditEntry,
  type AuditRow,
  type ChainVerdict,
  type SignedHead,
} from '../../control/index.ts'
import { AppError } from '../../errors/index.ts'
import { withPath } from '../../system/index.ts'
import { createPrivateFile } from '../../trust/index.ts'
import type { CliContext } from '../context.ts'
import { readPages } from './read-pages.ts'
import { openServerClient, readPin, type ServerClient } from './server-client.ts'
import type { ServerValues } from './server-options.ts'

export type ListedEntry = AuditEntry & { readonly sequence: number }

/** A whole log and the head that its server signed. */
interface Log {
  readonly rows: readonly AuditRow[]
  readonly head: SignedHead
}

export async function listAudit(
  context: CliContext,
  values: ServerValues,
  limit: number,
): Promise<ListedEntry[]> {
  const client = openServerClient(context, values)
  const { sequence } = await readHead(client)
  const rows = await readRows(client, Math.max(0, sequence - limit))
  return rows.slice(-limit).map((row) => ({ sequence: row.sequence, ...contentOf(row) }))
}

function contentOf({ content }: AuditRow): AuditEntry {
  return JSON.parse(content) as AuditEntry
}

/** One line for each entry, and the signed head as the last one. */
export async function exportAudit(context: CliContext, values: ServerValues, file: string) {
  const { rows, head } = await readLog(openServerClient(context, values))
  const path = resolve(context.cwd, file)
  const lines = [...rows, { head }].map((line) => `${JSON.stringify(line)}\n`)
  createPrivateFile(path, lines.join(''))
  return { file: path, entries: rows.length, head: head.hash }
}

export async function verifyAudit(
  context: CliContext,
  values: ServerValues,
  { file, seen }: { readonly file: string | undefined; readonly seen: readonly string[] },
): Promise<ChainVerdict> {
  const known = seen.map((path) => readExport(resolve(context.cwd, path)).head)
  const { log, keyHash } =
    file === undefined ? await fetched(context, values) : exported(context, values, file)
  const witness = witnessChain([...known, log.head].map((head) => checkHead(head, keyHash)))
  witness.take(log.rows)
  return witness.verdict()
}

async function fetched(context: CliContext, values: ServerValues) {
  const client = openServerClient(context, values)
  return { log: await readLog(client), keyHash: client.keyHash }
}

function exported({ cwd, io }: CliContext, { identityFile }: ServerValues, file: string) {
  const pin = identityFile ?? io.environment['SLUICE_SERVER_IDENTITY']
  const keyHash = pin === undefined ? undefined : readPin(resolve(cwd, pin))
  return { log: readExport(resolve(cwd, file)), keyHash }
}

async function readLog(client: ServerClient): Promise<Log> {
  const head = await readHead(client)
  const rows = await readRows(client, 0)
  return { rows: rows.filter(({ sequence }) => sequence <= head.sequence), head }
}

async function readHead(client: ServerClient): Promise<SignedHead> {
  return await client.ask({ method: 'GET', path: '/v1/audit/head' })
}

async function readRows(client: ServerClient, from: number): Promise<AuditRow[]> {
  const rows: AuditRow[] = []
  const pages = readPages<{ entries: AuditRow[]; next: number | null }>(
    client,
    from,
    (after) => `/v1/audit?after=${after}`,
  )
  for await (const { entries } of pages) rows.push(...entries)
  return rows
}

/** @throws AppError `audit-broken` when it is no export, or its head is missing. */
function readExport(path: string): Log {
  const lines = withPath(path, () => readFileSync(path, 'utf8')).split('\n')
  const values = lines.filter((line) => line !== '').map((line) => parse(line, path))
  const last = values.at(-1)
  if (last === undefined || !isHead(last)) throw notAnExport(path)
  const rows = values.slice(0, -1)
  if (rows.every(isRow)) return { rows, head: last.head }
  throw notAnExport(path)
}

function parse(line: string, path: string): object {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Told below.
  }
  throw notAnExport(path)
}

function isRow(value: object): value is AuditRow {
  const { sequence, content, hash } = value as Record<string, unknown>
  return Number.isSafeInteger(sequence) && [content, hash].every((text) => typeof text === 'string')
}

function isHead(value: object): value is { readonly head: SignedHead } {
  const { head } = value as Record<string, unknown>
  if (typeof head !== 'object' || head === null) return false
  const { sequence, at, ...texts } = head as Record<string, unknown>
  const { hash, epoch, publicKey, signature } = texts
  const areTexts = [hash, epoch, publicKey, signature].every((text) => typeof text === 'string')
  return Number.isSafeInteger(sequence) && Number.isSafeInteger(at) && areTexts
}

function notAnExport(path: string): AppError {
  return new AppError('audit-broken', `${path} is not a whole export of an audit log`, {
    hint: 'it ends with the signed head; a file that was cut has lost it',
  })
}
