import { createHash, createHmac } from 'node:crypto'

import { AppError } from '../../../errors/index.ts'

/** What came in, before anybody believes it. */
export interface HookRequest {
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  /** As it came: a signature is over these bytes and no others. */
  readonly body: Buffer
  /** Milliseconds since 1970. */
  readonly now: number
}

/** What an authenticated request means. */
export interface Delivery {
  readonly source: string
  /** Another request of the same key is the same delivery. */
  readonly key: string
  readonly digest: string
  /** Why it raises nothing. */
  readonly ignored?: string
}

/** One answer for every reason, so that whoever tries learns neither names nor what was wrong. */
export function refusedHook(): AppError {
  return new AppError('hook-refused', 'the webhook was not accepted', {
    hint: 'compare its address, its secret and the clocks of both sides with sluice-server.yaml',
  })
}

export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

export function hmac(secret: string | Buffer, content: Buffer): Buffer {
  return createHmac('sha256', secret).update(content).digest()
}

/** Whether any fits; looks at all of them, so that the time does not tell which one. */
export function anyFits<Value>(values: readonly Value[], fits: (value: Value) => boolean): boolean {
  return values.map(fits).includes(true)
}
