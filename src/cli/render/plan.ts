import type { HostPlan } from '../../protocol/index.ts'
import { formatPairs, formatTable, type Style } from '../../terminal/index.ts'
import { releaseName, shortDigest } from './words.ts'

/** A plan for a person: what changes, the steps in order, and the hash that names exactly this plan. */
export function renderPlan(plan: HostPlan, style: Style): string {
  const { color } = style
  return [
    color.bold(`plan: ${plan.kind} ${releaseName(plan.release)} of ${plan.app}`),
    formatPairs(facts(plan, style), style),
    '',
    formatTable({ columns: ['step', 'what it does'], rows: stepRows(plan, style) }, style),
    '',
    ...plan.warnings.map((warning) => `${color.yellow('warning:')} ${warning}`),
    `plan hash ${plan.hash}; nothing was changed`,
  ].join('\n')
}

function facts(plan: HostPlan, { marks }: Style): (readonly [string, string | undefined])[] {
  const { release, replaces, endpoints, renders } = plan
  return [
    ['archive', `sha256:${shortDigest(release.digest)}`],
    [
      'replaces',
      replaces === undefined ? 'nothing' : `${releaseName(replaces)} (${replaces.label})`,
    ],
    ['label', plan.label],
    ['driver', plan.driver],
    ...endpoints.map(
      ({ name, from, mode }) =>
        [
          'endpoint',
          `${name}: ${from ?? 'not connected'} ${marks.arrow} ${plan.label} (mode ${mode})`,
        ] as const,
    ),
    ['renders', renders.length === 0 ? undefined : renders.join('\n')],
  ]
}

function stepRows({ steps }: HostPlan, { color }: Style): string[][] {
  return steps.map(({ name, note, pointOfNoReturn }) => [
    name,
    pointOfNoReturn ? `${note}  ${color.yellow('(cannot be undone)')}` : note,
  ])
}
