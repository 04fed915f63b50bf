import type { DesiredState, LoginAnswer, PollAnswer } from '../../protocol/index.ts'
import { isCount, isFields, isText, type ReadAnswer } from '../read-answer.ts'

// What the server answers, by hand: see read-answer.ts. protocol/agent-door.ts has the schemas that a test compares these with.

export const readNonce: ReadAnswer<{ readonly nonce: string }> = (value) => {
  if (!isFields(value)) return undefined
  const { nonce } = value
  return isText(nonce, 43) && /^[A-Za-z0-9_-]{43}$/.test(nonce) ? { nonce } : undefined
}

export interface EnrolAnswer {
  readonly agent: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

export const readEnrolled: ReadAnswer<EnrolAnswer> = (value) => {
  if (!isFields(value)) return undefined
  const { agent, name, labels } = value
  if (!isText(agent, 200) || !isText(name, 200) || !isFields(labels)) return undefined
  const pairs = Object.entries(labels).flatMap(([label, text]) =>
    isText(text, 200) ? [[label, text] as const] : [],
  )
  return { agent, name, labels: Object.fromEntries(pairs) }
}

export const readLogin: ReadAnswer<LoginAnswer> = (value) => {
  if (!isFields(value)) return undefined
  const { session, expires, at, joinState } = value
  const isSession = isText(session, 200) && /^[A-Za-z0-9_]+$/.test(session)
  if (!isSession || !isCount(expires) || !isCount(at)) return undefined
  const state = readJoinState(joinState)
  return state === undefined ? undefined : { session, expires, at, joinState: state }
}

const readJoinState: ReadAnswer<LoginAnswer['joinState']> = (value) => {
  if (!isFields(value)) return undefined
  const { agent, counter, nonce, signature } = value
  if (!isText(agent, 200) || !isCount(counter)) return undefined
  if (!isText(nonce, 200) || !isText(signature, 200)) return undefined
  return { agent, counter, nonce, signature }
}

/** Of the desired state, only what the agent itself goes by; the host checks the whole of it. */
export const readPoll: ReadAnswer<PollAnswer> = (value) => {
  if (!isFields(value)) return undefined
  const { at, desired } = value
  if (!isCount(at)) return undefined
  if (desired === undefined) return { at }
  const isDesired =
    isFields(desired) && isText(desired['epoch'], 200) && isCount(desired['revision'])
  return isDesired ? { at, desired: desired as unknown as DesiredState } : undefined
}

export const readUpTo: ReadAnswer<{ readonly upTo: number }> = (value) =>
  isFields(value) && isCount(value['upTo']) ? { upTo: value['upTo'] } : undefined
