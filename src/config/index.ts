export {
  documentError,
  documentLimit,
  parseDocument,
  type DocumentSource,
  type ParsedDocument,
} from './parse-document.ts'
export type { DocumentPath } from './document-node.ts'
export type { Place } from './place.ts'
export { longestDuration, parseByteSize, parseDuration } from './measures.ts'
export {
  isEnvironmentName,
  isHostName,
  isName,
  isRelativePath,
  namePattern,
  versionPattern,
} from './names.ts'
export { readWithSchema } from './read-with-schema.ts'
export {
  appName,
  byteSize,
  commandLine,
  duration,
  environmentName,
  hostName,
  hostNamePattern,
  labelName,
  port,
  relativePath,
  versionText,
} from './schemas.ts'
export { z } from './zod.ts'
