import type { DeployEvent } from '../../events/index.ts'
import { formatSize } from '../format.ts'
import type { Style } from '../style.ts'

export type Progress = Pick<
  Extract<DeployEvent, { type: 'step-progress' }>,
  'done' | 'total' | 'unit'
>

const barCells = 16

/** Progress in words: `12 MiB of 40 MiB`, `2 of 3 checks`, `1200 files`. */
export function describeProgress({ done, total, unit }: Progress): string {
  const show = unit === 'bytes' ? formatSize : String
  const noun = unit === 'bytes' ? '' : ` ${unit}`
  return total === undefined ? `${show(done)}${noun}` : `${show(done)} of ${show(total)}${noun}`
}

/** Progress in words behind a bar, which is left out when nobody knows the total. */
export function drawProgress(progress: Progress, { color, marks }: Style): string {
  const words = describeProgress(progress)
  if (progress.total === undefined || progress.total <= 0) return words
  const share = Math.min(1, Math.max(0, progress.done / progress.total))
  const full = Math.round(share * barCells)
  return `${color.cyan(marks.full.repeat(full))}${color.dim(marks.empty.repeat(barCells - full))} ${words}`
}
