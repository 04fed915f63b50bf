import { escapeHtml, type Dialect } from '../../../host/index.ts'

/**
 * Camus2's mustache: everything but `{{.}}` is escaped as HTML, whatever the file is; a missing variable prints
 * nothing; 0, "" and objects are true; null shows neither a section nor its inverse.
 */
export const camus2Dialect: Dialect = {
  missing: 'empty',
  optionalTags: false,
  maxDepth: 256,
  maxBytes: 1024 ** 3,
  truth,
  createPrinter: () => ({
    pass: () => undefined,
    print: (value, tag) => {
      const text = show(value)
      return tag.raw || tag.name === '.' ? text : escapeHtml(text)
    },
  }),
}

function truth(value: unknown): ReturnType<Dialect['truth']> {
  if (value === null) return 'neither'
  const isFalse =
    value === undefined || value === false || (Array.isArray(value) && value.length === 0)
  return isFalse ? 'false' : 'true'
}

function show(value: unknown): string {
  if (typeof value === 'string') return value
  // Camus2 prints whole numbers without an exponent.
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value).toString()
  if (typeof value === 'bigint') return value.toString()
  return JSON.stringify(value)
}
