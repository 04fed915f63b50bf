import { appName, versionText, z } from '../../config/index.ts'

const fileName = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+@-]*$/, 'is not the plain name of a file')

const entry = z.object({
  file: fileName,
  name: appName,
  version: versionText,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'is not a sha256 of 64 hexadecimal digits'),
  size: z.int().nonnegative(),
  publishedAt: z.iso.datetime(),
})

/** index.json of a store. Keys that a later version adds are passed over. */
export const storeIndexSchema = z.object({ version: z.literal(1), releases: z.array(entry) })
