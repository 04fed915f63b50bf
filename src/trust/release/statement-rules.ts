import { AppError } from '../../errors/index.ts'
import type { ReleaseStatement } from './statement.ts'

/** A number further above the last one would leave no room for what comes after it. */
const largestJump = 1_000_000

/** @throws AppError `signature-sequence-low`, `signature-sequence-jump`. */
export function assertSequence(sequence: number, lowest: number | undefined): void {
  if (lowest === undefined) return
  if (sequence < lowest) {
    throw new AppError(
      'signature-sequence-low',
      `sequence ${sequence} is below ${lowest}, which was proved here already`,
    )
  }
  if (sequence - lowest > largestJump) {
    throw new AppError(
      'signature-sequence-jump',
      `sequence ${sequence} is more than ${largestJump} above ${lowest}`,
    )
  }
}

/** @throws AppError `signature-sluice`. */
export function assertVersionOfSluice(least: string | undefined, present: string): void {
  if (least === undefined || compareVersions(present, least) >= 0) return
  throw new AppError('signature-sluice', `the release needs sluice ${least}, this is ${present}`)
}

/** @throws AppError `signature-archive`. */
export function assertDigestAndSize(
  said: ReleaseStatement['archive'],
  found: ReleaseStatement['archive'],
): void {
  if (said.size === found.size && said.sha256 === found.sha256) return
  throw new AppError(
    'signature-archive',
    `the archive is sha256:${found.sha256} of ${found.size} bytes, signed was sha256:${said.sha256} of ${said.size}`,
  )
}

/** By the three numbers; what follows them, as in `1.0.0-rc1`, does not count. */
function compareVersions(left: string, right: string): number {
  const [first, second] = [numbersOf(left), numbersOf(right)]
  const at = first.findIndex((number, index) => number !== second[index])
  return at < 0 ? 0 : (first[at] ?? 0) - (second[at] ?? 0)
}

function numbersOf(version: string): number[] {
  const [core = ''] = version.split(/[-+]/)
  return core.split('.').map(Number)
}
