import { withContext } from '../../../errors/index.ts'
import type { Decoder } from './decoder.ts'

/** Decodes a whole document; the error names the ADL type, the file and the place in it. */
export function decodeDocument<T>(
  decode: Decoder<T>,
  document: { readonly type: string; readonly file: string; readonly value: unknown },
): T {
  try {
    return decode(document.value, [])
  } catch (error) {
    throw withContext(
      `Unable to parse a value of ADL type ${document.type} from ${document.file}`,
      error,
    )
  }
}
