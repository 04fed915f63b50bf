import { nameWithoutExtension } from './archive/formats.ts'

/** What an archive's file name says: `shop-1.4.2.tar.gz` is shop, version 1.4.2. */
export interface ArchiveName {
  readonly name: string
  readonly version: string
}

/** The version starts at the first `-` that a digit follows; without one it is `0`. */
export function parseArchiveName(file: string): ArchiveName {
  const plain = nameWithoutExtension(file)
  const [, name, version] = /^(.+?)-(\d.*)$/.exec(plain) ?? []
  if (name === undefined || version === undefined) return { name: plain, version: '0' }
  return { name, version }
}
