import { sql } from 'kysely'

import type { Migration } from './migration.ts'

/** What a deployment's request was, since when its commit stands, and what scripts said. */
export const keepDeployments: Migration = async (transaction) => {
  for (const statement of statements) await sql.raw(statement).execute(transaction)
}

const statements = [
  // Of the request with its idempotency key; the same key with another digest is another request.
  'alter table deployments add column request_digest text',
  'alter table deployments add column reason text',
  'alter table deployments add column committed_at bigint',
  'alter table deployments add column event_bytes bigint not null default 0',
  'create index deployments_by_app on deployments (app, state)',
  'create index deployment_hosts_owed on deployment_hosts (agent) where owed = 1',
  'create index desires_by_app on desires (app)',
  'create index desires_by_deployment on desires (deployment, agent)',
  'alter table script_runs add column events bigint not null default 0',
  'alter table script_runs add column event_bytes bigint not null default 0',
  // What the raise started: one run on each host.
  'alter table script_runs add column start text',
  'create index script_runs_by_start on script_runs (start)',
  'create index script_runs_by_trigger on script_runs (trigger_name, state)',
  'create index script_runs_by_time on script_runs (created_at)',
  `create table script_events (
    run text not null references script_runs (id),
    number bigint not null,
    at bigint not null,
    content text not null,
    primary key (run, number)
  )`,
]
