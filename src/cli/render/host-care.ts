import { formatCount, formatSize, formatTable, type Style } from '../../terminal/index.ts'
import type { AnswerOf } from '../host-door.ts'

/** What a prune removed, or would remove, and why the rest stays. */
export function renderPrune(
  answer: AnswerOf<'pruneHost'> & { readonly dryRun: boolean },
  style: Style,
): string {
  const { removed, kept, dryRun } = answer
  const bytes = removed.reduce((sum, entry) => sum + entry.bytes, 0)
  const verb = dryRun ? 'would be removed' : 'removed'
  const rows = [
    ...removed.map((entry) => [verb, entry.kind, formatSize(entry.bytes), entry.path]),
    ...kept.map(({ path, why }) => [style.color.dim('kept'), '', '', `${path} (${why})`]),
  ]
  const total = `${formatCount(removed.length, 'thing')} ${verb}, ${formatSize(bytes)}`
  if (rows.length === 0) return 'nothing to remove'
  return `${formatTable({ columns: ['', 'kind', 'size', 'path'], rows }, style)}\n${total}`
}

/** What `doctor` found, each problem with its way out. */
export function renderDoctor({ checks }: AnswerOf<'diagnoseHost'>, style: Style): string {
  const { color, marks } = style
  const mark = {
    good: color.green(marks.good),
    weak: color.yellow(marks.weak),
    bad: color.red(marks.bad),
  }
  return checks
    .flatMap(({ name, state, detail, hint }) => [
      `${mark[state]} ${color.bold(name)}: ${detail}`,
      ...(hint === undefined ? [] : [`    next: ${hint}`]),
    ])
    .join('\n')
}
