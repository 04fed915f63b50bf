import { randomBytes } from 'node:crypto'

import { AppError } from '../../../errors/index.ts'
import type { HookSource, TriggerDefinition } from '../../settings/server-settings.ts'
import { refusedHook, type Delivery, type HookRequest } from './delivery.ts'
import { acceptGithub } from './github.ts'
import { acceptGitlab } from './gitlab.ts'
import { readSecret } from './read-secret.ts'
import { acceptStandard, readStandardKey } from './standard-webhooks.ts'

/** Webhooks of all triggers, with their secrets. */
export interface HookDoor {
  /** @throws AppError `hook-refused`, the same for a trigger that does not exist. */
  accept(trigger: string, request: HookRequest): Delivery
}

type Accept = (request: HookRequest) => Delivery

/**
 * Reads the secrets of all sources.
 * @throws AppError `config-invalid` for a secret of less than 16 characters; `key-exposed`, `io-failed`.
 */
export function openHookDoor(definitions: ReadonlyMap<string, TriggerDefinition>): HookDoor {
  const doors = new Map<string, readonly Accept[]>()
  for (const [trigger, { sources }] of definitions) {
    const hooks = sources.filter((source) => typeof source !== 'string')
    if (hooks.length > 0) doors.set(trigger, hooks.map(openSource))
  }
  // Whoever asks for a trigger without webhooks waits as long as for a wrong signature.
  const nobody = [githubSource({ secrets: [randomBytes(32).toString('hex')] })]
  return {
    accept: (trigger, request) => {
      const deliveries = (doors.get(trigger) ?? nobody).flatMap((accept) => tryOne(accept, request))
      const [delivery] = deliveries
      if (delivery === undefined) throw refusedHook()
      return delivery
    },
  }
}

function tryOne(accept: Accept, request: HookRequest): readonly Delivery[] {
  try {
    return [accept(request)]
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'hook-refused') return []
    throw thrown
  }
}

function openSource(source: HookSource): Accept {
  const secrets = source.secretFiles.map((file) => readSecret(file))
  if (source.kind === 'github') return githubSource({ ...source, secrets })
  if (source.kind === 'gitlab') return (request) => acceptGitlab(request, { secrets })
  const keys = secrets.map((secret, index) =>
    readStandardKey(secret, source.secretFiles[index] ?? ''),
  )
  return (request) => acceptStandard(request, { keys })
}

function githubSource(rules: {
  readonly secrets: readonly string[]
  readonly events?: readonly string[]
  readonly refs?: readonly string[] | undefined
}): Accept {
  const { secrets, events = [], refs } = rules
  return (request) => acceptGithub(request, { secrets, events, refs })
}
