import type { HostReport, WantedArchives } from '../../protocol/index.ts'
import { isCount, isFields, isText, type ReadAnswer } from '../read-answer.ts'

// What the host answers, by hand: see read-answer.ts. protocol/host-door.ts has the schemas that a test compares these with.

export interface HostAnswers {
  readonly hello: {
    readonly desired?: { readonly epoch: string; readonly revision: number } | undefined
    readonly acknowledged: number
    readonly wants: WantedArchives
  }
  readonly desire: { readonly wants: WantedArchives }
  readonly offer: { readonly taken: boolean }
  readonly reports: { readonly reports: readonly HostReport[]; readonly wants: WantedArchives }
  readonly acknowledge: { readonly upTo: number }
}

export const readHostAnswer: { readonly [Ask in keyof HostAnswers]: ReadAnswer<HostAnswers[Ask]> } =
  {
    hello: (value) => {
      if (!isFields(value) || !isCount(value['acknowledged'])) return undefined
      const wants = readWants(value['wants'])
      if (wants === undefined) return undefined
      const { acknowledged, desired } = value
      if (desired === undefined) return { acknowledged, wants }
      if (!isFields(desired)) return undefined
      const { epoch, revision } = desired
      if (!isText(epoch, 200) || !isCount(revision)) return undefined
      return { acknowledged, wants, desired: { epoch, revision } }
    },
    desire: (value) => {
      const wants = isFields(value) ? readWants(value['wants']) : undefined
      return wants === undefined ? undefined : { wants }
    },
    offer: (value) =>
      isFields(value) && typeof value['taken'] === 'boolean'
        ? { taken: value['taken'] }
        : undefined,
    reports: (value) => {
      if (!isFields(value)) return undefined
      const [wants, reports] = [readWants(value['wants']), value['reports']]
      const isList = Array.isArray(reports) && reports.every(isReport)
      return isList && wants !== undefined ? { reports, wants } : undefined
    },
    acknowledge: (value) =>
      isFields(value) && isCount(value['upTo']) ? { upTo: value['upTo'] } : undefined,
  }

/** The digest becomes a file's name, so it is looked at closely. */
function readWants(value: unknown): WantedArchives | undefined {
  if (!Array.isArray(value) || value.length > 500) return undefined
  const wants = value.flatMap((want) => {
    if (!isFields(want)) return []
    const { digest, size } = want
    const isDigest = isText(digest, 64) && /^[0-9a-f]{64}$/.test(digest)
    return isDigest && isCount(size) && size > 0 ? [{ digest, size }] : []
  })
  return wants.length === value.length ? wants : undefined
}

/** Its number and kind; what else is in it, the server looks at. */
function isReport(value: unknown): value is HostReport {
  if (!isFields(value) || !isCount(value['number']) || !isCount(value['at'])) return false
  return isFields(value['body']) && isText(value['body']['kind'], 64)
}

export const readRefusal: ReadAnswer<{
  readonly code: string
  readonly message: string
  readonly hint?: string
}> = (value) => {
  if (!isFields(value) || !isFields(value['error'])) return undefined
  const { code, message, hint } = value['error']
  if (!isText(code, 200) || !isText(message, 65_536)) return undefined
  return isText(hint, 65_536) ? { code, message, hint } : { code, message }
}
