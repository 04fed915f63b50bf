import { AppError } from '../errors/index.ts'

/** Reads `app=shop,env=prod`. @throws AppError `usage`. */
export function readLabels(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(',').map((pair) => {
    const [, name, value] =
      /^([a-z0-9][a-z0-9._/-]*)=([A-Za-z0-9][A-Za-z0-9._-]*)$/.exec(pair) ?? []
    if (name === undefined || value === undefined) throw notLabels(text)
    return [name, value] as const
  })
  if (new Set(pairs.map(([name]) => name)).size !== pairs.length) throw notLabels(text)
  return Object.fromEntries(pairs)
}

function notLabels(text: string): AppError {
  return new AppError('usage', `"${text}" are no labels`, { hint: 'such as app=shop,env=prod' })
}
