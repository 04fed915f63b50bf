import { AppError } from '../errors/index.ts'
import type { ScriptOrder } from '../protocol/index.ts'
import type { Policy } from './policy-file.ts'
import type { ScriptRule } from './policy-schema.ts'
import { ruleNamed } from './rule-named.ts'

/** What the host runs for a script that a server names: never anything that the server sent. @throws AppError `policy-refused`. */
export function judgeScript(
  policy: Policy | undefined,
  { script }: Pick<ScriptOrder, 'script'>,
  file: string,
): ScriptRule {
  const rule = ruleNamed(policy?.scripts, script)
  if (rule !== undefined) return rule
  const why = policy === undefined ? `there is no ${file}` : `${file} does not name it`
  throw new AppError('policy-refused', `servers may not run "${script}" on this host: ${why}`, {
    hint: `to allow it, write into ${file}: \`scripts: { ${script}: { file: /etc/sluice/${script}.yaml } }\``,
  })
}
