import { z } from '../config/index.ts'
import { desiredStateSchema, digestText } from './desired-state.ts'
import { hostReportSchema } from './host-reports.ts'

// Between `sluice agent`, which may talk to the network and to nothing else, and `sluice host serve`, which acts. One JSON
// value a line over a unix socket; each connection carries one request at a time and its answer.

export const hostAskSchema = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('hello') }),
  /** Takes a desired state over, durably; the work goes on behind the answer. */
  z.strictObject({ ask: z.literal('desire'), desired: desiredStateSchema }),
  /** A release that `desire` wanted lies in this file now; the host checks it before it believes it. */
  z.strictObject({ ask: z.literal('offer'), digest: digestText, path: z.string().max(4096) }),
  /** Held up to `wait` milliseconds until there is a report after `after`, or a release is wanted. */
  z.strictObject({
    ask: z.literal('reports'),
    after: z.int().min(0),
    wait: z.int().min(0).max(60_000),
  }),
  /** The server has them: they may be forgotten. */
  z.strictObject({ ask: z.literal('acknowledge'), upTo: z.int().min(0).max(1e15) }),
])

const refusal = z.strictObject({
  error: z.strictObject({ code: z.string(), message: z.string(), hint: z.string().optional() }),
})

/** What the host needs the agent to fetch. */
const wants = z.array(z.strictObject({ digest: digestText, size: z.int().positive() })).max(500)

export const hostAnswerSchemas = {
  hello: z.strictObject({
    host: z.string(),
    version: z.string(),
    /** Of the desired state it works towards; undefined when it never got one. */
    desired: z.strictObject({ epoch: z.string(), revision: z.int() }).optional(),
    acknowledged: z.int(),
    wants,
  }),
  desire: z.strictObject({ wants }),
  offer: z.strictObject({ taken: z.boolean() }),
  reports: z.strictObject({ reports: z.array(hostReportSchema), wants }),
  acknowledge: z.strictObject({ upTo: z.int() }),
  refusal,
} as const

export type HostAsk = z.infer<typeof hostAskSchema>
export type WantedArchives = z.infer<typeof wants>
