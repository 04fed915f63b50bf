import { realpathSync, statSync, writeFileSync } from 'node:fs'
import { dirname, extname, resolve } from 'node:path'

import { AppError } from '../../../errors/index.ts'
import { renderTemplate } from '../../../host/index.ts'
import { readIfPresent, replaceFile, withPath } from '../../../system/index.ts'
import { camus2Dialect } from './mustache-dialect.ts'

/**
 * Renders a template file to another file. One that exists keeps its mode, and a link to it stays; what is no file,
 * such as /dev/stdout, is written to.
 */
export function expandTemplate(template: string, output: string, context: unknown): void {
  const text = renderTemplateFile(template, context)
  const present = statSync(output, { throwIfNoEntry: false })
  if (present === undefined) return replaceFile(output, text, { mode: 0o666 & ~process.umask() })
  if (present.isFile()) replaceFile(realpathSync(output), text, { mode: present.mode & 0o777 })
  else withPath(output, () => writeFileSync(output, text))
}

/** Renders a template file; partials lie beside it. @throws AppError `template-invalid`. */
export function renderTemplateFile(template: string, context: unknown): string {
  const text = readText(template)
  if (text === undefined) throw new AppError('template-invalid', `${template} does not exist`)
  return renderTemplate({
    file: template,
    text,
    context,
    dialect: camus2Dialect,
    loadPartial: (name) => readText(resolve(dirname(template), name)),
  })
}

/** The path of a template without its last extension, which is where its text goes. */
export function templateOutput(template: string): string {
  return template.slice(0, template.length - extname(template).length)
}

function readText(path: string): string | undefined {
  const bytes = readIfPresent(path)
  try {
    return bytes && new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new AppError('template-invalid', `${path} is not UTF-8 text`)
  }
}
