import { exitCodes, formatTable, result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import { readWholeNumber } from '../read-number.ts'
import { serverOptions } from '../server/server-options.ts'

export const audit = defineCommand({
  name: 'audit',
  group: 'Server',
  summary: 'show who did what on the control server',
  arguments: {},
  options: {
    ...serverOptions,
    limit: {
      short: 'l',
      value: 'COUNT',
      summary: 'show the newest COUNT entries; 50 unless given',
      parse: readWholeNumber,
    },
    export: {
      value: 'FILE',
      summary: 'write the whole log with its signed head to FILE, for `audit verify`',
      complete: 'files',
    },
  },
  examples: [
    { line: 'audit', meaning: 'The newest entries.' },
    { line: 'audit --export audit.jsonl', meaning: 'Keep all of it elsewhere.' },
  ],
  async run(context, { limit = 50, export: file, ...values }) {
    const { exportAudit, listAudit } = await import('../server/audit-of-server.ts')
    if (file !== undefined) {
      const written = await exportAudit(context, values, file)
      return result(written, (done) => `${done.entries} entries are in ${done.file}`)
    }
    const entries = await listAudit(context, values, limit)
    return result(entries, (listed, style) =>
      formatTable(
        {
          columns: ['NUMBER', 'WHEN', 'WHO', 'WHAT', 'OBJECT', 'FROM', 'OUTCOME'],
          rows: listed.map(({ sequence, at, who, what, object, from, outcome }) => [
            String(sequence),
            new Date(at).toISOString(),
            who,
            what,
            object,
            from,
            outcome,
          ]),
        },
        style,
      ),
    )
  },
})

export const auditVerify = defineCommand({
  name: 'audit verify',
  group: 'Server',
  summary: 'check that the audit log was not changed, cut or rewritten',
  description:
    'Follows the whole chain of hashes: of the server, or without any server of a file that `audit --export` wrote.',
  arguments: {
    file: { summary: 'an exported log; the one of the server unless given', optional: true },
  },
  options: {
    ...serverOptions,
    seen: {
      value: 'FILE',
      summary: 'an earlier export: what it holds must still be so',
      repeatable: true,
      complete: 'files',
    },
  },
  examples: [
    { line: 'audit verify', meaning: 'Check the log of the server.' },
    {
      line: 'audit verify audit.jsonl --identity-file identity.pub --seen last-month.jsonl',
      meaning: 'Check an export, who signed it, and that it goes on from an earlier one.',
    },
  ],
  async run(context, { file, seen = [], ...values }) {
    const { verifyAudit } = await import('../server/audit-of-server.ts')
    const verdict = await verifyAudit(context, values, { file, seen })
    return result(
      verdict,
      (told) =>
        told.kind === 'whole'
          ? `${told.head.sequence} entries, each follows from the one before; the last is ${told.head.hash}`
          : `broken at entry ${told.sequence}: ${told.reason}`,
      verdict.kind === 'whole' ? 0 : exitCodes.refused,
    )
  },
})
