import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Machine } from './machine.ts'
import { waitUntil } from './wait-until.ts'

/** Waits until a deployment that has not ended has begun a step; answers its id. */
export async function stepBegun(machine: Machine, step: string): Promise<string> {
  const folder = join(machine.root, 'apps/shop/journal')
  let deployment: string | undefined
  await waitUntil(() => {
    const open = readdirSync(folder).find((file) => hasBegun(join(folder, file), step))
    deployment = open?.slice(0, -'.log'.length)
    return deployment !== undefined
  }, `step ${step} to begin`)
  return deployment ?? ''
}

function hasBegun(journal: string, step: string): boolean {
  const lines = readFileSync(journal, 'utf8').split('\n')
  const isOver = lines.some((line) => line.includes('"type":"outcome"'))
  return (
    !isOver &&
    lines.some((line) => line.includes('"step-started"') && line.includes(`"step":"${step}"`))
  )
}
