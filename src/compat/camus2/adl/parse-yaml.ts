import { AppError } from '../../../errors/index.ts'

/** What YAML 1.1 has and Camus2's reader does not: dates, numbers to the base 60, sets and the like. */
const unknownTags = /^(timestamp|intTime|floatTime|binary|omap|pairs|set)$/

/** Parses YAML 1.1 into JSON values: `no` is a boolean, a date is a text, the last of equal keys wins. */
export async function parseYaml(text: string, file: string): Promise<unknown> {
  const { parse } = await import('yaml')
  try {
    return parse(text, {
      version: '1.1',
      uniqueKeys: false,
      logLevel: 'error',
      customTags: (tags) => tags.filter((tag) => !isUnknown(tag)),
    })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new AppError('config-invalid', `Invalid yaml: ${reason} (${file})`)
  }
}

function isUnknown(tag: unknown): boolean {
  if (typeof tag === 'string') return unknownTags.test(tag)
  const { tag: name = '', format } = tag as { tag?: string; format?: string }
  return format === 'TIME' || unknownTags.test(name.replace('tag:yaml.org,2002:', ''))
}
