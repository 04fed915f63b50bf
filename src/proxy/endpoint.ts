import { domainToASCII } from 'node:url'

import { appName, z } from '../config/index.ts'
import { AppError } from '../errors/index.ts'
import type { Endpoint } from './routes.ts'

const nameGrammar = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/
const pathGrammar = /^\/[A-Za-z0-9._/-]+$/
const hostLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** An absolute path that may stand in a proxy's configuration as it is. */
const filePathSchema = z
  .string()
  .refine((path) => pathGrammar.test(path) && !path.split('/').includes('..'), {
    error: (issue) => `${show(issue.input)} is not an absolute path of letters, digits and . _ - /`,
  })

const serverNameSchema = z.string().transform((written, context) => {
  const name = parseServerName(written)
  if (name !== undefined) return name
  context.issues.push({
    code: 'custom',
    input: written,
    message: `${show(written)} is not a host name such as shop.example.org or *.example.org`,
  })
  return z.NEVER
})

/** One endpoint as it is written in sluice.yaml, without its name. */
export const endpointSchema = z.strictObject({
  app: appName.optional(),
  serverNames: z.array(serverNameSchema).default([]),
  tls: z
    .strictObject({
      certificate: filePathSchema,
      key: filePathSchema,
      redirect: z.boolean().default(true),
    })
    .optional(),
})

/** The name of an endpoint: it stands in paths of sockets, which are short. */
export const endpointNameSchema = z.string().regex(nameGrammar, {
  error: (issue) =>
    `${show(issue.input)} is not an endpoint name: 1 to 32 lowercase letters, digits and dashes`,
})

/** All endpoints of a host by name; a host name may belong to one of them only. */
export const endpointsSchema = z
  .record(endpointNameSchema, endpointSchema)
  .transform((written) =>
    Object.fromEntries(
      Object.entries(written).map(([name, value]) => [name, toEndpoint(name, value)]),
    ),
  )
  .superRefine((endpoints, context) => {
    const twice = findSharedName(Object.values(endpoints))
    if (twice === undefined) return
    context.addIssue({ code: 'custom', path: [twice.second], message: describeShared(twice) })
  })

/**
 * Checks one endpoint by grammar and fills in defaults.
 * @throws AppError `config-invalid`
 */
export function parseEndpoint(name: string, raw: unknown): Endpoint {
  const parsed = endpointSchema.safeParse(raw)
  if (!nameGrammar.test(name)) {
    throw new AppError('config-invalid', `${show(name)} is not an endpoint name`, {
      hint: 'use 1 to 32 lowercase letters, digits and dashes',
    })
  }
  if (parsed.success) return toEndpoint(name, parsed.data)
  const issue = parsed.error.issues[0]
  const place = ['endpoints', name, ...(issue?.path ?? [])].join('.')
  throw new AppError('config-invalid', `${place}: ${issue?.message ?? 'not valid'}`)
}

/** @throws AppError `config-invalid` when two endpoints claim the same host name. */
export function assertDistinctNames(endpoints: Iterable<Endpoint>): void {
  const twice = findSharedName(endpoints)
  if (twice !== undefined) throw new AppError('config-invalid', describeShared(twice))
}

/** A host name in lowercase and punycode, `*.` in front allowed; undefined when it is none. */
export function parseServerName(written: string): string | undefined {
  const wildcard = written.startsWith('*.')
  const ascii = domainToASCII(wildcard ? written.slice(2) : written)
  const labels = ascii.split('.')
  const isName = ascii.length <= 253 && labels.every((label) => hostLabel.test(label))
  if (!isName || /[^\p{L}\p{M}\p{N}.*-]/u.test(written)) return undefined
  return wildcard ? `*.${ascii}` : ascii
}

function toEndpoint(name: string, value: z.output<typeof endpointSchema>): Endpoint {
  return { name, app: value.app, serverNames: [...new Set(value.serverNames)], tls: value.tls }
}

interface SharedName {
  readonly host: string
  readonly first: string
  readonly second: string
}

function findSharedName(endpoints: Iterable<Endpoint>): SharedName | undefined {
  const owners = new Map<string, string>()
  for (const endpoint of endpoints) {
    for (const host of endpoint.serverNames.length > 0 ? endpoint.serverNames : ['']) {
      const first = owners.get(host)
      if (first !== undefined) return { host, first, second: endpoint.name }
      owners.set(host, endpoint.name)
    }
  }
  return undefined
}

function describeShared(twice: SharedName): string {
  const what = twice.host === '' ? 'every host (no serverNames)' : twice.host
  return `endpoints ${twice.first} and ${twice.second} both claim ${what}`
}

function show(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 80) ?? 'nothing'
}
