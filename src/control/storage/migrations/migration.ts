import type { DatabaseTransaction } from '../database.ts'

/**
 * One step of the schema, forward only, in one transaction together with its number. Servers of the version before
 * may still be running when it runs: it adds, and takes away only what no running version reads.
 */
export type Migration = (transaction: DatabaseTransaction) => Promise<void>
