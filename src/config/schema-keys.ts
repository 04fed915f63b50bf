import type { z } from 'zod'

type Definition = z.core.$ZodTypes['_zod']['def']

/** The keys a schema knows at a path, to find the name that was meant; empty where any key goes. */
export function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const reached = path.reduce<z.core.$ZodType[]>(
    (schemas, step) => schemas.flatMap((each) => stepInto(each, step)),
    [schema],
  )
  return [...new Set(reached.flatMap(unwrap).flatMap((each) => Object.keys(shapeOf(each))))]
}

function stepInto(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType[] {
  return unwrap(schema).flatMap((each) => {
    const def = definitionOf(each)
    if (def.type === 'array') return [def.element]
    if (def.type === 'record') return [def.valueType]
    const child = shapeOf(each)[String(step)]
    return child === undefined ? [] : [child]
  })
}

/** The schemas that take the same input, without what is wrapped around them. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType[] {
  const def = definitionOf(schema)
  if (def.type === 'union') return def.options.flatMap(unwrap)
  if (def.type === 'pipe') return unwrap(def.in)
  if (def.type === 'lazy') return unwrap(def.getter())
  if ('innerType' in def) return unwrap(def.innerType)
  return [schema]
}

function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> {
  const def = definitionOf(schema)
  return def.type === 'object' ? def.shape : {}
}

function definitionOf(schema: z.core.$ZodType): Definition {
  return (schema as unknown as { readonly def: Definition }).def
}
