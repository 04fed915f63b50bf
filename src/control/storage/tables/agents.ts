import { sql } from 'kysely'

import type { DatabaseTransaction } from '../database.ts'

export async function bumpRevisions(
  transaction: DatabaseTransaction,
  agentIds: readonly string[],
): Promise<void> {
  for (const id of [...new Set(agentIds)].toSorted())
    await transaction
      .updateTable('agents')
      .set({ revision: sql<number>`revision + 1` })
      .where('id', '=', id)
      .execute()
}
