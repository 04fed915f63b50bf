import { z } from './zod.ts'

import {
  byteSizePattern,
  durationPattern,
  longestDuration,
  parseByteSize,
  parseDuration,
} from './measures.ts'
import {
  environmentNamePattern,
  isEnvironmentName,
  isHostName,
  isName,
  isRelativePath,
  namePattern,
  versionPattern,
} from './names.ts'

/** `10s` → milliseconds; from 0 to 24 days, or the bounds given (in milliseconds). */
export function duration(bounds: { min?: number; max?: number } = {}): z.ZodType<number, string> {
  const { min = 0, max = longestDuration } = bounds
  return z
    .string()
    .regex(durationPattern, 'is not a duration such as 250ms, 10s, 5m or 1h')
    .transform((text) => parseDuration(text) ?? Number.NaN)
    .refine((value) => value >= min && value <= max, `must be between ${min} and ${max} ms`)
}

const notASize = 'is not a size such as 10GiB, 512MiB, 100MB or a number of bytes'

/** `10GiB`, or a plain number of bytes → bytes. */
export const byteSize: z.ZodType<number, string | number> = z
  .union([z.int().nonnegative(notASize), z.string().regex(byteSizePattern, notASize)], {
    error: notASize,
  })
  .transform((value) => (typeof value === 'number' ? value : (parseByteSize(value) ?? Number.NaN)))
  .refine((value) => Number.isSafeInteger(value), 'is too large to count')

export const port = z.int().min(1).max(65_535)

function name(longest: number, what: string): z.ZodString {
  return z
    .string()
    .max(longest)
    .regex(namePattern, `is not ${what}: lower-case letters, digits, ".", "_" and "-"`)
    .refine((text) => isName(text, longest), `may not be ${what}`)
}

export const appName = name(32, 'an app name')

export const labelName = name(48, 'a label')

export const versionText = z
  .string()
  .regex(versionPattern, 'is not a version: letters, digits, ".", "_", "+" and "-", at most 64')

export const relativePath = z
  .string()
  .refine(isRelativePath, 'is not a path inside the release (relative, without "..")')

export const environmentName = z
  .string()
  .regex(environmentNamePattern, 'is not the name of a variable')
  .refine(isEnvironmentName, 'may not be set by a release')

export const hostName = z.string().refine((text) => isHostName(text), 'is not a host name')

export const hostNamePattern = z
  .string()
  .refine((text) => isHostName(text, 'wildcard'), 'is not a host name or *.host.name')

/** A line for /bin/sh, written by the author of the release or the operator. */
export const commandLine = z.string().max(16_384)
