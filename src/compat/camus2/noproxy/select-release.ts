import { lstatSync } from 'node:fs'

import { AppError } from '../../../errors/index.ts'
import { scope, type Camus2 } from '../camus2.ts'
import { checkLabel, currentLink, defaultLabel } from '../deploys-directory.ts'
import { runJournaled } from '../journal.ts'
import { runLocked } from '../run-locked.ts'
import { startSteps, stopSteps } from './steps.ts'

/** Makes a release the live one. */
export async function selectRelease(camus2: Camus2, release: string): Promise<void> {
  const label = defaultLabel(release)
  checkLabel(label)
  const inner = scope(camus2, `Selecting active release ${release}`)
  await runLocked(camus2, `start ${release}`, async (lock) => {
    checkCurrent(camus2)
    const steps = startSteps(inner, release, label)
    await runJournaled(camus2, { kind: 'start', request: { release }, steps, lock })
  })
}

/** Stops the live release, whichever it is. */
export async function stopCurrentRelease(camus2: Camus2, label: string): Promise<void> {
  await runLocked(camus2, `stop ${label}`, async (lock) => {
    const steps = stopSteps(camus2, label)
    await runJournaled(camus2, { kind: 'stop', request: { label }, steps, lock })
  })
}

/** A directory in the place of the link is found before anything is stopped. */
function checkCurrent({ config }: Camus2): void {
  const link = currentLink(config)
  const present = lstatSync(link, { throwIfNoEntry: false })
  if (present === undefined || present.isSymbolicLink()) return
  throw new AppError('io-failed', `${link} is not a link`, {
    hint: 'move it away; c2 makes a link there',
  })
}
