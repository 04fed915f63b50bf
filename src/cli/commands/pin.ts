import { result } from '../../terminal/index.ts'
import { deployNames } from '../completers.ts'
import { defineCommand } from '../context.ts'

export const pin = defineCommand({
  name: 'pin',
  group: 'Keep and remove',
  summary: 'keep a deploy and its release from ever being pruned',
  arguments: {
    deploy: { summary: '`LABEL`, or `APP/LABEL` when two apps have it', complete: deployNames },
  },
  options: {},
  examples: [{ line: 'pin shop-1.4.2', meaning: 'Keep shop-1.4.2.' }],
  async run(context, { deploy }) {
    const answer = await (await context.host()).pinRelease({ deploy, pinned: true })
    return result({ ...answer, pinned: true }, ({ app }) => `${deploy} of ${app} is pinned`)
  },
})

export const unpin = defineCommand({
  name: 'unpin',
  group: 'Keep and remove',
  summary: 'let a pinned deploy be pruned again',
  arguments: {
    deploy: { summary: '`LABEL`, or `APP/LABEL` when two apps have it', complete: deployNames },
  },
  options: {},
  examples: [{ line: 'unpin shop-1.4.2', meaning: 'Let shop-1.4.2 go when its time comes.' }],
  async run(context, { deploy }) {
    const answer = await (await context.host()).pinRelease({ deploy, pinned: false })
    return result({ ...answer, pinned: false }, ({ app }) => `${deploy} of ${app} is not pinned`)
  },
})
