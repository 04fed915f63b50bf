import { accessSync, constants, mkdtempSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'

import { makeDirectory, withPath } from '../../../system/index.ts'
import type { Environment } from '../../../terminal/index.ts'

export interface StateDirectory {
  readonly path: string
  /** Whether it is there after a restart. */
  readonly isLasting: boolean
}

/** Where the state of a server at an address lies unless the operator says otherwise, the best place first. */
export function usualPlaces(address: string, env: Environment): string[] {
  const name = address.replaceAll(/[^\w.-]/g, '_') || 'default'
  return ['/var/lib', stateHome(env)].map((parent) => join(parent, 'prostagma', name))
}

function stateHome(env: Environment): string {
  const given = env['XDG_STATE_HOME'] ?? ''
  return given.startsWith('/') ? given : join(env['HOME'] ?? homedir(), '.local/state')
}

/**
 * Makes the directory of a server's state: the one that was given, else the first of the usual ones that can be made,
 * else one that lives no longer than the server. @throws AppError when the given one cannot be made.
 */
export function makeStateDirectory(
  given: string | undefined,
  usual: readonly string[],
): StateDirectory {
  if (given !== undefined) {
    makeWritable(given)
    return { path: given, isLasting: true }
  }
  const path = usual.find((place) => canMake(place))
  if (path !== undefined) return { path, isLasting: true }
  return { path: mkdtempSync(join(tmpdir(), 'prostagma-')), isLasting: false }
}

function canMake(path: string): boolean {
  try {
    makeWritable(path)
    return true
  } catch {
    return false
  }
}

function makeWritable(path: string): void {
  makeDirectory(path, 0o700)
  withPath(path, () => accessSync(path, constants.W_OK | constants.X_OK))
}
