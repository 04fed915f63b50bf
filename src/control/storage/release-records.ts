/** What goes with an archive: the bytes of `sluice sign`'s two files, as text. */
export interface ReleaseSignatures {
  readonly statement: string
  /** Minisign's form over the bytes of `statement`. */
  readonly signatures: string
}

/** A release that was published to the server; its archive lies in the directory of releases under its digest. */
export interface PublishedRelease {
  /** sha256 of the archive, 64 hexadecimal digits. */
  readonly digest: string
  readonly name: string
  readonly version: string
  /** Bytes of the archive. */
  readonly size: number
  /** The archive's file name for people; it says its format. */
  readonly file: string
  readonly signed: ReleaseSignatures | null
  /** Milliseconds since 1970. */
  readonly publishedAt: number
  readonly publishedBy: string
}

/** `added`, `repeated` when it was there already, or the digest that its name and version belong to. */
export type AddedRelease = 'added' | 'repeated' | { readonly takenBy: string }

/** Releases. An archive is on the disk before its row is here, and its row is gone before the archive is. */
export interface ReleaseRecords {
  add(release: PublishedRelease): Promise<AddedRelease>
  /** Puts statement and signatures in place of earlier ones. Answers whether there is such a release. */
  sign(digest: string, signed: ReleaseSignatures): Promise<boolean>
  get(digest: string): Promise<PublishedRelease | undefined>
  /**
   * The most recently published release of an app that fits: `latest`, a version, a pattern such as `1.*`, or `sha256:`
   * and at least eight digits.
   */
  find(request: {
    readonly name: string
    readonly wanted: string
  }): Promise<PublishedRelease | undefined>
  /** Most recently published first, at most `limit`, those before `before` in that order. */
  list(range: ReleaseRange): Promise<PublishedRelease[]>
  /** Of all releases: those that deployments under way, desires of hosts or what hosts run now name. */
  inUse(): Promise<ReadonlySet<string>>
  /** Removes the row unless it is in use. Answers whether it did. */
  remove(digest: string): Promise<boolean>
  /** Whether an agent may have the archive: it is desired to run it, or its label `app` names the release's app. */
  isMeantFor(agent: string, digest: string): Promise<boolean>
}

export interface ReleaseRange {
  /** Of every app unless given. */
  readonly name?: string | undefined
  readonly before?: { readonly publishedAt: number; readonly digest: string } | undefined
  readonly limit: number
}
