import { formatPairs, formatTable, result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import { readWholeNumber } from '../read-number.ts'
import { readLabels } from '../read-labels.ts'
import { serverOptions } from '../server/server-options.ts'
import { formatLabels } from './agent.ts'

export const joinToken = defineCommand({
  name: 'join-token',
  group: 'Server',
  summary: 'make a token by which machines become agents; it is shown this once',
  arguments: {},
  options: {
    ...serverOptions,
    labels: {
      value: 'LABELS',
      summary: 'what its agents are picked by, such as app=shop,env=prod',
      parse: readLabels,
    },
    uses: { value: 'COUNT', summary: 'how many machines; 1 unless given', parse: readWholeNumber },
    within: { value: 'TIME', summary: 'until it ends; 15m unless given, at most 168h' },
    output: {
      value: 'FILE',
      summary: 'write the token to FILE, which only you may read, instead of showing it',
      complete: 'files',
    },
  },
  examples: [
    {
      line: 'join-token --labels app=shop,env=prod --output join.token',
      meaning: 'For one machine, within 15 minutes.',
    },
  ],
  async run(context, { labels, uses, within, output, ...values }) {
    const { createJoinTokenOnServer } = await import('../server/join-tokens-on-server.ts')
    const request = { labels, uses, within, output }
    const made = await createJoinTokenOnServer(context, values, request)
    return result(made, ({ id, labels: given, usesLeft, expires, text, file, next }, style) => {
      const where: [string, string][] = []
      if (file !== undefined) where.push(['file', file])
      if (text !== undefined) where.push(['token', text])
      const pairs: [string, string][] = [
        ['id', id],
        ['labels', formatLabels(given)],
        ['uses', String(usesLeft)],
        ['expires', expires],
        ...where,
      ]
      return `${formatPairs(pairs, style)}\n\non the machine, as root:\n  ${next}`
    })
  },
})

export const joinTokenList = defineCommand({
  name: 'join-token list',
  group: 'Server',
  summary: 'list the join tokens of the control server',
  arguments: {},
  options: serverOptions,
  examples: [{ line: 'join-token list', meaning: 'Which could still be used.' }],
  async run(context, values) {
    const { listJoinTokensOfServer } = await import('../server/join-tokens-on-server.ts')
    return result(await listJoinTokensOfServer(context, values), (listed, style) =>
      formatTable(
        {
          columns: ['ID', 'LABELS', 'USES LEFT', 'EXPIRES', 'STATE'],
          rows: listed.map(({ id, labels, usesLeft, expires, revoked }) => [
            id,
            formatLabels(labels),
            String(usesLeft),
            expires,
            revoked === null ? 'valid' : `revoked ${revoked}`,
          ]),
        },
        style,
      ),
    )
  },
})

export const joinTokenRevoke = defineCommand({
  name: 'join-token revoke',
  group: 'Server',
  summary: 'let no more machines join by a token',
  arguments: { id: { summary: 'id of the token, as `sluice join-token list` shows it' } },
  options: serverOptions,
  examples: [{ line: 'join-token revoke Fo2QLf2CGhs', meaning: 'Agents that it made stay.' }],
  async run(context, { id, ...values }) {
    const { revokeJoinTokenOnServer } = await import('../server/join-tokens-on-server.ts')
    const answer = await revokeJoinTokenOnServer(context, values, id)
    return result(answer, (revoked) => `join token ${revoked.id} is revoked`)
  },
})
