import { duration, readWithSchema, z } from '../../config/index.ts'
import type { ScriptStep } from './script-step.ts'

// A script as a host's policy names it: steps that are checked as a whole before the first one runs.

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not the name of a variable')
const path = z.string().regex(/^[^\0\n]+$/, 'is not a path')

const download = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: 'is not an http(s) address' }),
  dest: path,
})

const step = z
  .strictObject({
    name: z.string().min(1).max(200).optional(),
    /** Lines that run one by one. */
    shell: z.string().min(1).optional(),
    download: download.optional(),
    cwd: path.optional(),
    env: z.record(variable, z.string()).optional(),
    timeout: duration({ min: 1 }).optional(),
  })
  .refine(
    (fields) => (fields.shell === undefined) !== (fields.download === undefined),
    'has to be either `shell` or `download`',
  )

const scriptSchema = z.strictObject({ steps: z.array(step).min(1).max(1000) })

/** @throws AppError `script-invalid` with file, line and column. */
export async function readScript(file: string, content: Uint8Array): Promise<ScriptStep[]> {
  const { steps } = await readWithSchema(scriptSchema, {
    file,
    content,
    format: file.endsWith('.json') ? 'json' : 'yaml',
    code: 'script-invalid',
  })
  return steps.map(toStep)
}

function toStep(written: z.output<typeof step>): ScriptStep {
  const { name, shell, download: wanted, cwd, env, timeout } = written
  return {
    name: name ?? (wanted === undefined ? 'shell' : 'download'),
    action:
      wanted === undefined
        ? { kind: 'shell', lines: (shell ?? '').split('\n').filter((line) => line.trim() !== '') }
        : { kind: 'download', source: 'web', cache: false, ...wanted },
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    ...(timeout === undefined ? {} : { timeout }),
  }
}
