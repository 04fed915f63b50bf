import type { ReleaseIdentity } from '../../protocol/index.ts'
import type { Style } from '../../terminal/index.ts'

/** `shop 1.4.2`. */
export function releaseName(release: Pick<ReleaseIdentity, 'name' | 'version'>): string {
  return `${release.name} ${release.version}`
}

/** The first digits of a digest: enough for a person to tell two apart, and for `sha256:` names. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 12)
}

/** An outcome or state in the colour of good, bad or in between. */
export function stateWord(state: string, { color }: Style): string {
  if (goodStates.has(state)) return color.green(state)
  return badStates.has(state) ? color.red(state) : color.yellow(state)
}

const goodStates = new Set(['succeeded', 'running', 'finished', 'good', 'committed'])
const badStates = new Set(['partial', 'failing', 'failed', 'undo failed', 'bad'])
