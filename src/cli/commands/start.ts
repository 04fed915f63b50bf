import { releaseNames } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { given } from '../given.ts'
import { deploymentResult } from '../render/deployment.ts'

export const start = defineCommand({
  name: 'start',
  group: 'Step by step',
  summary: 'start a release beside what runs, without giving it an endpoint',
  arguments: {
    release: {
      summary: 'archive file, `name@version`, `name@latest`, file name in the store or `sha256:…`',
      complete: releaseNames,
    },
  },
  options: {
    label: { value: 'LABEL', summary: 'label of the new deploy; made from name and version' },
    role: { value: 'ROLE', summary: 'role whose overrides in release.json apply' },
  },
  examples: [
    { line: 'start shop@1.4.2 --label try', meaning: 'Run it as `try` and look at it first.' },
  ],
  async run(context, { release, label, role }) {
    const host = await context.host()
    return deploymentResult(await host.startRelease({ release, ...given({ label, role }) }))
  },
})
