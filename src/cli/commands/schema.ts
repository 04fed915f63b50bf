import { result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import type { HostDoor } from '../host-door.ts'

export const schema = defineCommand({
  name: 'schema',
  group: 'Releases',
  summary: 'print the JSON Schema of release.json, sluice.yaml or policy.yaml, for editors',
  arguments: {
    format: { summary: 'which file', choices: ['release.json', 'sluice.yaml', 'policy.yaml'] },
  },
  options: {},
  examples: [
    { line: 'schema release.json > release.schema.json', meaning: 'Keep it for an editor.' },
  ],
  async run({ door }, { format }) {
    const document = await documentOf(door, format)
    return result(document, () => JSON.stringify(document, undefined, 2))
  },
})

async function documentOf(
  door: HostDoor,
  format: 'release.json' | 'sluice.yaml' | 'policy.yaml',
): Promise<unknown> {
  switch (format) {
    case 'release.json':
      return await door.manifestSchema()
    case 'sluice.yaml':
      return await door.settingsSchema()
    case 'policy.yaml':
      return (await import('../../policy/index.ts')).policyJsonSchema()
  }
}
