import type { Storage } from '../storage/storage.ts'
import type { Triggers } from '../triggers/triggers.ts'
import type { NumberedSource } from './numbered-source.ts'

/** The raises of one trigger. */
export function triggerSource(
  trigger: string,
  { triggers, storage }: { readonly triggers: Triggers; readonly storage: Storage },
): NumberedSource {
  return {
    name: `trigger:${trigger}`,
    latest: () => triggers.read(trigger),
    read: async (after, limit) => {
      const events = await storage.triggers.events(trigger, { after, limit })
      return events.map(({ sequence, at, by, source }) => ({
        number: sequence,
        event: 'trigger-raised',
        data: { trigger, sequence, at, by, source },
      }))
    },
    wait: (after, options) => triggers.waitBeyond(trigger, after, options),
  }
}
