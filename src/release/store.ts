import type { Reporter } from '../events/index.ts'

/** A release as a store knows it. */
export interface StoredRelease {
  /** File name in the store, such as `shop-1.4.2.tar.gz`; unique there. */
  readonly file: string
  readonly name: string
  readonly version: string
  /** sha256 of the archive, 64 hexadecimal digits; undefined where the store does not know it before fetching. */
  readonly digest: string | undefined
  /** Bytes of the archive, where known. */
  readonly size: number | undefined
  /** Milliseconds since 1970, where known. */
  readonly publishedAt: number | undefined
}

export interface FetchOptions {
  /** Path of the file to create; its directory is on the disk the release will live on. */
  readonly to: string
  readonly report: Reporter
  readonly signal: AbortSignal
  /** Name of the step to report progress under. */
  readonly step: string
}

/**
 * Where releases live. Every store passes test/conformance/store-conformance.ts.
 * Releases are immutable: publishing other bytes under a name that exists is refused.
 */
export interface ReleaseStore {
  /** For messages; holds no secret. */
  readonly description: string
  readonly writable: boolean
  /** All releases, newest first. */
  list(): Promise<readonly StoredRelease[]>
  /**
   * The release a person names: a file name, `name@version`, `name@latest`, or `sha256:` and at least eight digits.
   * @throws AppError `release-not-found` with the nearest names.
   */
  find(wanted: string): Promise<StoredRelease>
  /**
   * Brings the archive to `to`: whole and with the announced digest and size, or not at all. A partial download is
   * kept beside it as `<to>.part` and continued by the next call. Answers the sha256 of what arrived.
   */
  fetch(
    release: StoredRelease,
    options: FetchOptions,
  ): Promise<{ readonly digest: string; readonly size: number }>
  /** Adds an archive; the same bytes again are success. @throws AppError `release-exists`, `store-read-only`. */
  publish(archive: string, options: { readonly signal: AbortSignal }): Promise<StoredRelease>
}
