/** How much an archive may unpack to; what is not given has the default. */
export interface UnpackLimits {
  /** Bytes of all files together. */
  readonly totalBytes: number
  /** Files, directories and links together. */
  readonly entries: number
  /** Unpacked bytes per byte of the archive; looked at only beyond `ratioFrom`, because honest logs compress well. */
  readonly ratio: number
  /** Unpacked bytes from which `ratio` counts. */
  readonly ratioFrom: number
  /** Whether a link may point to something inside the release that is not there (yet). */
  readonly danglingLinks: boolean
}

export const defaultUnpackLimits: UnpackLimits = {
  totalBytes: 10 * 1024 ** 3,
  entries: 100_000,
  ratio: 200,
  ratioFrom: 1024 ** 3,
  danglingLinks: false,
}
