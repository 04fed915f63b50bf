import type { HostReport } from '../../../protocol/index.ts'
import { contextOf, type DatabaseTransaction } from '../database.ts'

/** The number of the last report that counted, locked until the end; undefined when there is no such agent. */
export async function lastReported(
  transaction: DatabaseTransaction,
  agent: string,
): Promise<number | undefined> {
  const query = transaction.selectFrom('agents').select('reported').where('id', '=', agent)
  const { hasRowLocks } = contextOf(transaction).dialect
  const row = await (hasRowLocks ? query.forUpdate() : query).executeTakeFirst()
  return row?.reported
}

/** Those that have not counted yet, in order: what was sent twice counts once. */
export function newReports(
  reports: readonly HostReport[],
  reported: number,
): readonly HostReport[] {
  const seen = new Map(reports.map((report) => [report.number, report]))
  return [...seen.values()]
    .filter(({ number }) => number > reported)
    .toSorted((left, right) => left.number - right.number)
}

/** Counts reports of an agent whose row is locked, and keeps what its host looks like. Answers the new last number. */
export async function countReports(
  transaction: DatabaseTransaction,
  agent: string,
  fresh: readonly HostReport[],
): Promise<number | undefined> {
  const last = fresh.at(-1)
  if (last === undefined) return undefined
  const seen = fresh.findLast(({ body }) => body.kind === 'observed')
  const observed =
    seen === undefined ? {} : { observed: JSON.stringify(seen.body), observed_at: seen.at }
  const query = transaction.updateTable('agents').where('id', '=', agent)
  await query.set({ reported: last.number, ...observed }).execute()
  return last.number
}
