import { sql } from 'kysely'

import type { Migration } from './migration.ts'

/** Agents and how they join, releases, deployments and what each host is to do and has done, runs of scripts. */
export const createFleet: Migration = async (transaction) => {
  for (const statement of statements) await sql.raw(statement).execute(transaction)
}

const statements = [
  // `revision` grows with every change of what the host is to do; `reported` is the last report that counted.
  `create table agents (
    id text primary key,
    name text not null unique,
    public_key text not null unique,
    labels text not null,
    state text not null,
    join_shown text,
    join_given text,
    revision bigint not null,
    reported bigint not null,
    created_at bigint not null,
    seen_at bigint,
    observed text,
    observed_at bigint
  )`,
  `create table join_tokens (
    id text primary key,
    hash text not null,
    labels text not null,
    uses_left bigint not null,
    created_at bigint not null,
    created_by text not null,
    expires_at bigint not null,
    revoked_at bigint
  )`,
  `create table releases (
    digest text primary key,
    name text not null,
    version text not null,
    size bigint not null,
    file text not null,
    statement text,
    signatures text,
    published_at bigint not null,
    published_by text not null,
    unique (name, version)
  )`,
  `create table deployments (
    id text primary key,
    app text not null,
    digest text not null,
    selector text not null,
    endpoints text,
    state text not null,
    requested_by text not null,
    source text not null,
    created_at bigint not null,
    changed_at bigint not null,
    deadline bigint,
    finished_at bigint,
    error text,
    events bigint not null
  )`,
  'create index deployments_by_state on deployments (state)',
  'create index deployments_by_time on deployments (created_at)',
  `create table deployment_hosts (
    deployment text not null references deployments (id),
    agent text not null,
    generation bigint not null,
    state text not null,
    owed bigint not null,
    local_deployment text,
    error text,
    traffic text,
    changed_at bigint not null,
    primary key (deployment, agent)
  )`,
  // One row for each app on each host: the newest generation.
  `create table desires (
    agent text not null,
    app text not null,
    generation bigint not null,
    deployment text not null references deployments (id),
    phase text not null,
    hold_released_at bigint,
    primary key (agent, app)
  )`,
  `create table deployment_events (
    deployment text not null references deployments (id),
    number bigint not null,
    agent text,
    at bigint not null,
    content text not null,
    primary key (deployment, number)
  )`,
  `create table rejected_releases (
    app text not null,
    digest text not null,
    version text not null,
    reason text not null,
    rejected_by text not null,
    rejected_at bigint not null,
    primary key (app, digest)
  )`,
  `create table script_runs (
    id text primary key,
    agent text not null,
    script text not null,
    trigger_name text not null,
    sequence bigint not null,
    requested_by text not null,
    state text not null,
    error text,
    created_at bigint not null,
    changed_at bigint not null
  )`,
  'create index script_runs_by_agent on script_runs (agent, state)',
]
