import { resolve } from 'node:path'

import type { Command } from '../command.ts'

export const preparationCommands: readonly Command[] = [
  {
    name: 'fetch-context',
    summary: 'Fetch the config sources into the context cache',
    arguments: [],
    options: [{ name: 'retry', summary: 'wait for sources that are not there yet' }],
    kind: 'logged',
    run: async (camus2, { options }) => {
      const { fetchContext } = await import('../../release/context-sources.ts')
      await fetchContext(camus2, options.has('retry'))
    },
  },
  {
    name: 'unpack',
    summary: 'Unpack a release into a directory and render its templates',
    arguments: [
      { name: 'RELEASE', kind: 'release' },
      { name: 'TODIR', kind: 'directory' },
    ],
    options: [],
    kind: 'logged',
    run: async (camus2, { words: [name = '', to = ''] }) => {
      const { unpackRelease } = await import('../../release/unpack-release.ts')
      const directory = resolve(to)
      await unpackRelease(camus2, {
        release: name,
        directory,
        staging: resolve(directory, '.sluice-unpack'),
      })
    },
  },
  {
    name: 'expand-template',
    summary: 'Render a template with the cached config sources',
    arguments: [
      { name: 'TEMPLATE', kind: 'file' },
      { name: 'OUTFILE', kind: 'file' },
    ],
    options: [],
    kind: 'logged',
    run: async ({ config }, { words: [template = '', output = ''] }) => {
      const { expandTemplate } = await import('../../release/expand-template.ts')
      const { hostContext } = await import('../../release/template-context.ts')
      expandTemplate(resolve(template), resolve(output), hostContext(config))
    },
  },
]
