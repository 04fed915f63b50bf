import { AppError } from '../../../errors/index.ts'

/** What JSON.parse tells a reviver besides key and value. */
interface Source {
  readonly source?: string
}

/** Parses JSON; integers that a double cannot hold become bigints, so that a template prints all their digits. */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text, keepInteger)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new AppError('config-invalid', `Unable to parse json from ${file}: ${reason}`)
  }
}

function keepInteger(_key: string, value: unknown, { source = '' }: Source = {}): unknown {
  const isLarge = typeof value === 'number' && !Number.isSafeInteger(value)
  return isLarge && /^-?\d+$/.test(source) ? BigInt(source) : value
}
