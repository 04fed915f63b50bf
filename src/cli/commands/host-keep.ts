import { defineCommand } from '../context.ts'

export const hostKeep = defineCommand({
  name: 'host keep',
  group: 'Internal',
  summary: 'supervise processes and hold revert timers until there is nothing to keep',
  arguments: {},
  options: {},
  examples: [],
  hidden: true,
  async run({ door, place, signal }) {
    await door.keep(place, signal)
    return undefined
  },
})
