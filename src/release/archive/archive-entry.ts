/** One entry as the archive tells it; nothing of it is trusted yet. */
export type ArchiveEntry = FileEntry | DirectoryEntry | LinkEntry

export interface FileEntry {
  readonly type: 'file'
  readonly path: string
  /** Bytes announced; `content` yields exactly as many or throws. */
  readonly size: number
  /** Unix permission bits, as far as the archive has them. */
  readonly mode: number
  /** Seconds since 1970; may be nonsense. */
  readonly modified: number
  /** To be read to its end before the next entry is asked for. */
  content(): Content
}

/** Bytes piece by piece. What is at hand already is no promise: with many small files, waiting costs more than writing. */
export type Content = Iterable<Buffer> | AsyncIterable<Buffer>

export interface DirectoryEntry {
  readonly type: 'directory'
  readonly path: string
}

export interface LinkEntry {
  readonly type: 'link'
  readonly path: string
  readonly target: string
}

/** A path or other text of an archive as it may be shown: escaped, and cut when long. */
export function showName(name: string): string {
  const text = JSON.stringify(name).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return text.length > 120 ? `${text.slice(0, 117)}…"` : text
}
