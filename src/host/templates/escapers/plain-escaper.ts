import { scalarText, type Escaper } from './escaper.ts'

/** For files of no known kind: values go out as they are. */
export function createPlainEscaper(): Escaper {
  return { pass: () => undefined, escape: scalarText }
}
