import { z } from '../config/index.ts'
import { desiredStateSchema, idText } from './desired-state.ts'
import { hostReportSchema } from './host-reports.ts'

// Between `sluice agent` and the control server, over a connection on which the server has proved its key.

/** 32 bytes. */
const nonce = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'is not 32 bytes in base64url')
const base64url = z.string().regex(/^[A-Za-z0-9_-]{1,200}$/, 'is not base64url')

/** `app` → `shop`; what a deployment's selector picks hosts by. */
const labelKey = /^[a-z0-9]([a-z0-9._/-]{0,61}[a-z0-9])?$/
const labelValue = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/
export const agentLabelsSchema = z
  .record(z.string().regex(labelKey, 'is no label'), z.string().regex(labelValue, 'is no label'))
  .refine((labels) => Object.keys(labels).length <= 64, 'are more than 64')

export const agentNameText = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/,
    'is no name of an agent: up to 63 letters, digits, "." and "-"',
  )

const proof = z.strictObject({ publicKey: base64url, signature: base64url })

/** Purpose `agent enrolment`, about the token's id and the server's key hash. */
export const enrolSchema = z.strictObject({
  token: z.string().max(256),
  name: agentNameText,
  nonce,
  proof,
})

/** What an agent keeps from login to login; see trust's join state. */
const joinState = z.strictObject({
  agent: idText,
  counter: z.int().positive(),
  nonce: base64url,
  signature: base64url,
})

/** Purpose `agent login`, about the agent's id and the server's key hash. */
export const loginSchema = z.strictObject({
  agent: idText,
  nonce,
  proof,
  /** Null until the first login was answered. */
  joinState: joinState.nullable(),
})

export const pollSchema = z.strictObject({
  /** Of the desired state that the host has; null when it has none. */
  epoch: idText.nullable(),
  revision: z.int().min(0),
  /** Seconds. */
  wait: z.int().min(0).max(25),
})

export const reportsSchema = z.strictObject({ reports: z.array(hostReportSchema).max(500) })

export const agentAnswerSchemas = {
  nonce: z.object({ nonce }),
  enrol: z.object({ agent: idText, name: agentNameText, labels: agentLabelsSchema }),
  login: z.object({
    session: z.string().regex(/^[A-Za-z0-9_]{1,200}$/, 'is no session'),
    /** Milliseconds since 1970, by the server's clock as all times here. */
    expires: z.int(),
    at: z.int(),
    joinState,
  }),
  /** Without `desired` nothing has changed. */
  poll: z.object({ at: z.int(), desired: desiredStateSchema.optional() }),
  reports: z.object({ upTo: z.int().min(0) }),
} as const

export type EnrolRequest = z.infer<typeof enrolSchema>
export type LoginRequest = z.infer<typeof loginSchema>
export type PollRequest = z.infer<typeof pollSchema>
export type LoginAnswer = z.infer<typeof agentAnswerSchemas.login>
export type PollAnswer = z.infer<typeof agentAnswerSchemas.poll>
