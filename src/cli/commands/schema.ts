import { result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'

export const schema = defineCommand({
  name: 'schema',
  group: 'Releases',
  summary: 'print the JSON Schema of release.json or sluice.yaml, for editors',
  arguments: {
    format: { summary: 'which file', choices: ['release.json', 'sluice.yaml'] },
  },
  options: {},
  examples: [
    { line: 'schema release.json > release.schema.json', meaning: 'Keep it for an editor.' },
  ],
  async run({ door }, { format }) {
    const document =
      format === 'sluice.yaml' ? await door.settingsSchema() : await door.manifestSchema()
    return result(document, () => JSON.stringify(document, undefined, 2))
  },
})
