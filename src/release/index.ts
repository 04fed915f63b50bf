export {
  digestFile,
  digestFiles,
  digestTree,
  linkMode,
  type TreeDigest,
  type TreeFile,
} from './digest-tree.ts'
export { parseArchiveName, type ArchiveName } from './archive-name.ts'
export type { ArchiveFormat } from './archive/formats.ts'
export type {
  CheckManifest,
  DrainManifest,
  HookManifest,
  HooksManifest,
  Manifest,
  MigrateManifest,
  RoleOverrides,
  ServiceManifest,
} from './manifest.ts'
export { packRelease, type PackedRelease, type PackOptions } from './pack/pack-release.ts'
export { manifestJsonSchema } from './manifest-json-schema.ts'
export { manifestFile, manifestForRole, readManifest } from './read-manifest.ts'
export { inspectArchive, type InspectedArchive } from './unpack/inspect-archive.ts'
export {
  unpackArchive,
  type Unpacked,
  type UnpackedTree,
  type UnpackOptions,
} from './unpack/unpack-archive.ts'
export { defaultUnpackLimits, type UnpackLimits } from './unpack/unpack-limits.ts'
export { statementFiles } from './statement-files.ts'
export { copyArchive } from './stores/copy-archive.ts'
export type { FetchOptions, ReleaseStore, StoredRelease } from './store.ts'
export { defaultDownloadPolicy, type DownloadPolicy } from './stores/download.ts'
export { openStore, type StoreOptions } from './stores/open-store.ts'
