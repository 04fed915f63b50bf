import { sql } from 'kysely'

import type { Database, DatabaseTransaction } from '../database.ts'
import type { Selector } from '../deployment-records.ts'

export interface MatchingAgent {
  readonly id: string
  readonly name: string
}

/** The agents that have all labels of a selector, in the order of their ids, locked until the end of the transaction. */
export async function lockMatchingAgents(
  { dialect }: Database,
  transaction: DatabaseTransaction,
  selector: Selector,
): Promise<MatchingAgent[]> {
  let query = transaction
    .selectFrom('agents')
    .select(['id', 'name', 'labels'])
    .where('state', '=', 'active')
    .orderBy('id')
  // Leaves out most of the others without reading their labels here.
  for (const label of Object.entries(selector))
    query = query.where(sql<boolean>`labels like ${patternOf(label)} escape '!'`)
  const rows = await (dialect.hasRowLocks ? query.forUpdate() : query).execute()
  return rows.filter(({ labels }) => hasLabels(labels, selector))
}

function patternOf([name, value]: readonly [string, string]): string {
  const text = `${JSON.stringify(name)}:${JSON.stringify(value)}`
  return `%${text.replaceAll(/[!%_]/g, '!$&')}%`
}

function hasLabels(text: string, selector: Selector): boolean {
  const labels = JSON.parse(text) as Record<string, unknown>
  return Object.entries(selector).every(([name, value]) => labels[name] === value)
}
