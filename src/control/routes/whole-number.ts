import { z } from '../../config/index.ts'

/** A number in a query. */
export function wholeNumber(most: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'is not a whole number')
    .transform(Number)
    .refine((value) => value <= most, `is more than ${most}`)
}
