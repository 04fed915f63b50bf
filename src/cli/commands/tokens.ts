import { formatPairs, formatTable, result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import { serverOptions } from '../server/server-options.ts'

export const tokensCreate = defineCommand({
  name: 'tokens create',
  group: 'Server',
  summary: 'make a token for the control server; it is shown this once',
  arguments: {
    scope: {
      summary:
        'viewer, trigger:NAME,NAME, deployer:APP/ENVIRONMENT, approver:APP/ENVIRONMENT, auditor or admin',
    },
  },
  options: {
    ...serverOptions,
    life: { value: 'TIME', summary: 'until it ends, such as 12h or 90d; at most 365d' },
    note: { value: 'TEXT', summary: 'what it is for' },
    output: {
      value: 'FILE',
      summary: 'write the token to FILE, which only you may read, instead of showing it',
      complete: 'files',
    },
  },
  examples: [
    {
      line: 'tokens create trigger:shop --life 90d --note "CI of shop" --output ci.token',
      meaning: 'A token that can raise one trigger and nothing else.',
    },
  ],
  async run(context, { scope, life, note, output, ...values }) {
    const { createTokenOnServer } = await import('../server/tokens-on-server.ts')
    const request = { scope, note: note ?? '', life: life ?? '30d', output }
    const made = await createTokenOnServer(context, values, request)
    return result(made, ({ id, scope: given, expires, text, file }, style) =>
      formatPairs(
        [
          ['id', id],
          ['scope', given],
          ['expires', expires],
          ...(file === undefined ? [] : ([['file', file]] as [string, string][])),
          ...(text === undefined ? [] : ([['token', text]] as [string, string][])),
        ],
        style,
      ),
    )
  },
})

export const tokensList = defineCommand({
  name: 'tokens list',
  group: 'Server',
  summary: 'list the tokens of the control server',
  arguments: {},
  options: serverOptions,
  examples: [{ line: 'tokens list', meaning: 'Who may do what, until when, and who uses it.' }],
  async run(context, values) {
    const { listTokensOfServer } = await import('../server/tokens-on-server.ts')
    const tokens = await listTokensOfServer(context, values)
    return result(tokens, (listed, style) =>
      formatTable(
        {
          columns: ['ID', 'SCOPE', 'EXPIRES', 'USED', 'STATE', 'NOTE'],
          rows: listed.map(({ id, scope, expires, used, revoked, note }) => [
            id,
            scope,
            expires,
            used ?? 'never',
            revoked === null ? 'valid' : `revoked ${revoked}`,
            note,
          ]),
        },
        style,
      ),
    )
  },
})

export const tokensRevoke = defineCommand({
  name: 'tokens revoke',
  group: 'Server',
  summary: 'end a token at once and for ever',
  arguments: { id: { summary: 'id of the token, as `sluice tokens list` shows it' } },
  options: serverOptions,
  examples: [{ line: 'tokens revoke Fo2QLf2CGhs', meaning: 'It is refused from now on.' }],
  async run(context, { id, ...values }) {
    const { revokeTokenOnServer } = await import('../server/tokens-on-server.ts')
    const answer = await revokeTokenOnServer(context, values, id)
    return result(answer, (revoked) => `token ${revoked.id} is revoked`)
  },
})
