import { z } from '../../config/index.ts'

import { settingsSchema } from './settings-schema.ts'

/** sluice.yaml as a JSON Schema, for editors. */
export function settingsJsonSchema(): object {
  return z.toJSONSchema(settingsSchema, { io: 'input', unrepresentable: 'any' })
}
