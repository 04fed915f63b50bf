import { sql } from 'kysely'

import type { Database, DatabaseTransaction } from '../database.ts'
import { fits, readWanted } from '../match-release.ts'
import type {
  AddedRelease,
  PublishedRelease,
  ReleaseRange,
  ReleaseRecords,
  ReleaseSignatures,
} from '../release-records.ts'
import { isDesiredBy, releasesInUse } from './releases-in-use.ts'
import type { ReleaseRow } from './table-types.ts'

export function openReleaseRecords(database: Database): ReleaseRecords {
  const read = <Result>(work: (transaction: DatabaseTransaction) => Promise<Result>) =>
    database.transaction(work)
  return {
    add: (release) => read((transaction) => addRelease(transaction, release)),
    sign: (digest, signed) => read((transaction) => signRelease(transaction, digest, signed)),
    get: (digest) => read((transaction) => getRelease(transaction, digest)),
    find: (request) => read((transaction) => findRelease(transaction, request)),
    list: (range) => read((transaction) => listReleases(transaction, range)),
    inUse: () => read((transaction) => releasesInUse(transaction)),
    remove: (digest) => read((transaction) => removeRelease(database, transaction, digest)),
    isMeantFor: (agent, digest) => read((transaction) => isDesiredBy(transaction, agent, digest)),
  }
}

async function addRelease(
  transaction: DatabaseTransaction,
  release: PublishedRelease,
): Promise<AddedRelease> {
  const { name, version, digest } = release
  // Any conflict: of the digest, or of name and version.
  const result = await transaction
    .insertInto('releases')
    .values(rowOf(release))
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (Number(result.numInsertedOrUpdatedRows ?? 0) > 0) return 'added'
  const query = transaction.selectFrom('releases').select('digest').where('name', '=', name)
  const present = await query.where('version', '=', version).executeTakeFirst()
  return present === undefined || present.digest === digest
    ? 'repeated'
    : { takenBy: present.digest }
}

async function signRelease(
  transaction: DatabaseTransaction,
  digest: string,
  { statement, signatures }: ReleaseSignatures,
): Promise<boolean> {
  const query = transaction.updateTable('releases').set({ statement, signatures })
  const result = await query.where('digest', '=', digest).executeTakeFirst()
  return Number(result.numUpdatedRows) > 0
}

async function getRelease(
  transaction: DatabaseTransaction,
  digest: string,
): Promise<PublishedRelease | undefined> {
  const query = transaction.selectFrom('releases').selectAll().where('digest', '=', digest)
  const row = await query.executeTakeFirst()
  return row === undefined ? undefined : releaseOf(row)
}

/** Looks through names only, so that an app may have many releases; a pattern is no question that SQL answers. */
async function findRelease(
  transaction: DatabaseTransaction,
  { name, wanted }: { readonly name: string; readonly wanted: string },
): Promise<PublishedRelease | undefined> {
  const query = transaction.selectFrom('releases').select(['version', 'digest'])
  const rows = await query
    .where('name', '=', name)
    .orderBy('published_at', 'desc')
    .orderBy('digest', 'desc')
    .execute()
  const reading = readWanted(wanted)
  const found = rows.find((row) => fits(reading, row))
  return found === undefined ? undefined : await getRelease(transaction, found.digest)
}

async function listReleases(
  transaction: DatabaseTransaction,
  { name, before, limit }: ReleaseRange,
): Promise<PublishedRelease[]> {
  let query = transaction.selectFrom('releases').selectAll()
  if (name !== undefined) query = query.where('name', '=', name)
  if (before !== undefined) {
    const { publishedAt, digest } = before
    query = query.where(sql<boolean>`(published_at, digest) < (${publishedAt}, ${digest})`)
  }
  const newestFirst = query.orderBy('published_at', 'desc').orderBy('digest', 'desc')
  return (await newestFirst.limit(limit).execute()).map(releaseOf)
}

/** The row is locked first: whoever makes a deployment of it reads it under a lock too. */
async function removeRelease(
  { dialect }: Database,
  transaction: DatabaseTransaction,
  digest: string,
): Promise<boolean> {
  const row = transaction.selectFrom('releases').select('digest').where('digest', '=', digest)
  const locked = await (dialect.hasRowLocks ? row.forUpdate() : row).executeTakeFirst()
  if (locked === undefined || (await releasesInUse(transaction)).has(digest)) return false
  await transaction.deleteFrom('releases').where('digest', '=', digest).execute()
  return true
}

function rowOf(release: PublishedRelease): ReleaseRow {
  const { digest, name, version, size, file, signed, publishedAt, publishedBy } = release
  return {
    digest,
    name,
    version,
    size,
    file,
    statement: signed?.statement ?? null,
    signatures: signed?.signatures ?? null,
    published_at: publishedAt,
    published_by: publishedBy,
  }
}

function releaseOf(row: ReleaseRow): PublishedRelease {
  const { digest, name, version, size, file, statement, signatures } = row
  const signed = statement === null || signatures === null ? null : { statement, signatures }
  const { published_at: publishedAt, published_by: publishedBy } = row
  return { digest, name, version, size, file, signed, publishedAt, publishedBy }
}
