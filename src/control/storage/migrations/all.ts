import { createTriggers } from './0001-triggers.ts'
import { createAccess } from './0002-access.ts'
import { createFleet } from './0003-fleet.ts'
import { keepAgents } from './0004-agents.ts'
import { keepDeployments } from './0005-deployments.ts'
import type { Migration } from './migration.ts'

/** In order: the n-th brings the schema to number n. Released ones are never changed, only followed. */
export const migrations: readonly Migration[] = [
  createTriggers,
  createAccess,
  createFleet,
  keepAgents,
  keepDeployments,
]
