import { result } from '../../terminal/index.ts'
import { sluiceVersion } from '../../system/index.ts'
import { defineCommand } from '../context.ts'

export const version = defineCommand({
  name: 'version',
  group: 'Look',
  summary: 'print the version',
  arguments: {},
  options: {},
  examples: [{ line: 'version --json', meaning: 'The version and the runtime, for a report.' }],
  run() {
    const { platform, arch, versions } = process
    const runtime =
      versions['bun'] === undefined ? `node ${versions.node}` : `bun ${versions['bun']}`
    const answer = { version: sluiceVersion, runtime, platform: `${platform}-${arch}` }
    return Promise.resolve(result(answer, (shown) => `sluice ${shown.version}`))
  },
})
