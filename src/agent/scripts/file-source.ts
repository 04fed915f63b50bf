import type { Readable } from 'node:stream'

import type { FileSourceKind } from './script-step.ts'

/** Where download steps get files: a server that fetches them for machines without a way to the internet. */
export interface FileSource {
  /** Has the server fetch the file afresh; returns when it has the whole. @throws AppError. */
  refresh(file: WantedFile, signal: AbortSignal): Promise<void>
  /** Opens what the server has; the body is read to its end or destroyed. @throws AppError when it has nothing. */
  open(file: WantedFile, signal: AbortSignal): Promise<OfferedFile>
}

export interface WantedFile {
  readonly source: FileSourceKind
  readonly url: string
}

export interface OfferedFile {
  /** Bytes announced; undefined when the server did not say. */
  readonly size: number | undefined
  readonly body: Readable
}
