import { z } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'

/** How far a reader has come in each source of a stream, in one life of the database. */
export interface Position {
  readonly epoch: string
  readonly numbers: Readonly<Record<string, number>>
}

/** Characters; readers send it back in a header. */
const longestId = 8192

const positionSchema = z.record(z.string().max(300), z.int().min(0))

/** @throws AppError `request-invalid` when a stream has more sources than an id can hold. */
export function formatEventId({ epoch, numbers }: Position): string {
  const id = `${epoch}.${Buffer.from(JSON.stringify(numbers)).toString('base64url')}`
  if (id.length <= longestId) return id
  throw new AppError('request-invalid', 'one stream cannot follow so many', {
    hint: 'follow one trigger: ?trigger=NAME',
  })
}

/** @throws AppError `request-invalid`. */
export function parseEventId(text: string): Position {
  const [, epoch, encoded] = /^([A-Za-z0-9]{1,64})\.([A-Za-z0-9_-]{1,8192})$/.exec(text) ?? []
  const read = positionSchema.safeParse(encoded === undefined ? undefined : parse(encoded))
  if (epoch !== undefined && read.success) return { epoch, numbers: read.data }
  throw new AppError('request-invalid', 'Last-Event-ID is not the id of an event of ours')
}

function parse(encoded: string): unknown {
  try {
    return JSON.parse(Buffer.from(encoded, 'base64url').toString()) as unknown
  } catch {
    return undefined
  }
}
