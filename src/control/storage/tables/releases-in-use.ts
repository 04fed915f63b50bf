import { sql } from 'kysely'

import type { DatabaseTransaction } from '../database.ts'

/** Digests that something still needs: what is desired, what is deployed now, and what hosts say is current. */
export async function releasesInUse(
  transaction: DatabaseTransaction,
): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ readonly digest: string }>`
    select digest from deployments where finished_at is null
    union
    select deployments.digest from desires join deployments on deployments.id = desires.deployment
  `.execute(transaction)
  const observed = await sql<{ readonly observed: string }>`
    select observed from agents where observed is not null
  `.execute(transaction)
  const current = observed.rows.flatMap((row) => currentDigests(row.observed))
  return new Set([...rows.map(({ digest }) => digest), ...current])
}

/** Every digest in what a host has reported, whatever it is said of: more is kept rather than less. */
function currentDigests(observed: string): readonly string[] {
  return observed.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? []
}

/** The label `app` of an agent names the app whose releases it may have before it is desired to run one. */
export async function isDesiredBy(
  transaction: DatabaseTransaction,
  agent: string,
  digest: string,
): Promise<boolean> {
  const { rows } = await sql<{ readonly digest: string }>`
    select deployments.digest from desires join deployments on deployments.id = desires.deployment
    where desires.agent = ${agent} and deployments.digest = ${digest}
  `.execute(transaction)
  if (rows.length > 0) return true
  const row = await sql<{ readonly labels: string; readonly name: string }>`
    select agents.labels, releases.name from agents, releases
    where agents.id = ${agent} and releases.digest = ${digest}
  `.execute(transaction)
  return row.rows.some(({ labels, name }) => appOf(labels) === name)
}

function appOf(labels: string): unknown {
  try {
    return (JSON.parse(labels) as { readonly app?: unknown } | null)?.app
  } catch {
    return undefined
  }
}
