/** JSON Schema of release.json as it is written, for editors. */
export async function manifestJsonSchema(): Promise<unknown> {
  const { z } = await import('zod')
  const { manifestSchema } = await import('./manifest-schema.ts')
  return {
    title: 'release.json of sluice',
    ...z.toJSONSchema(manifestSchema, { io: 'input', reused: 'ref' }),
  }
}
