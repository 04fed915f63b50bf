import { z } from '../../config/index.ts'
import { sluiceVersion } from '../../system/index.ts'
import type { Answer } from '../server/error-response.ts'
import { ok, type Route } from './route.ts'

export async function showOpenApi(routes: readonly Route[]): Promise<Answer> {
  return await Promise.resolve(ok(openApiOf(routes)))
}

/** The route table as OpenAPI 3.1. */
export function openApiOf(routes: readonly Route[]) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const row of routes) (paths[row.path] ??= {})[row.method.toLowerCase()] = operationOf(row)
  return {
    openapi: '3.1.0',
    info: { title: 'sluice control server', version: sluiceVersion },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Error: errorSchema },
    },
    paths,
  }
}

const errorSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        hint: { type: 'string' },
      },
    },
  },
}

function operationOf({ name, summary, needs, body, query, path }: Route) {
  const parameters = [...pathParameters(path), ...queryParameters(query)]
  const isJson = body !== undefined
  return {
    operationId: name,
    summary,
    ...(needs === undefined ? { security: [] } : { security: [{ token: [needs] }] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(isJson
      ? { requestBody: { content: { 'application/json': { schema: jsonSchema(body) } } } }
      : {}),
    responses: {
      '2XX': { description: 'done' },
      default: {
        description: 'refused or failed',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  }
}

function pathParameters(path: string) {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters(query: z.ZodType | undefined) {
  if (query === undefined) return []
  const { properties = {}, required = [] } = jsonSchema(query)
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

function jsonSchema(schema: z.ZodType) {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
  })
  return rest
}
