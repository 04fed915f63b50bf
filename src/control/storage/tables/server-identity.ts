import { AppError } from '../../../errors/index.ts'
import { Secret } from '../../../system/index.ts'
import type { Database } from '../database.ts'

/** Keeps the given key unless there is one; answers the one that is kept. */
export async function keepPrivateKey(database: Database, key: Secret, at: number): Promise<Secret> {
  const row = await database.transaction(async (transaction) => {
    const given = { name: 'server', private_key: key.reveal(), created_at: at }
    const insert = transaction.insertInto('server_identity').values(given)
    await insert.onConflict((conflict) => conflict.column('name').doNothing()).execute()
    const query = transaction.selectFrom('server_identity').select('private_key')
    return await query.where('name', '=', 'server').executeTakeFirst()
  })
  if (row !== undefined) return new Secret(row.private_key, 'private key')
  throw new AppError('state-corrupt', 'the database has lost the identity of its servers')
}
