import { readFileSync, statSync } from 'node:fs'
import { dirname, extname, join, relative } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { readIfPresent, removeUnfinished, replaceFile } from '../../system/index.ts'
import { escapeKindOf } from '../templates/escape-kind.ts'
import { nativeDialect } from '../templates/native-dialect.ts'
import { renderTemplate } from '../templates/render-template.ts'
import type { ContextValues } from './context-snapshot.ts'

/** Renders each template and answers the paths. The result may hold secrets, so only its owner may read it. */
export function renderReleaseTemplates(
  tree: string,
  templates: readonly string[],
  context: ContextValues,
): string[] {
  return templates.map((template) => {
    const file = join(tree, template)
    const output = renderedPath(template)
    const text = renderTemplate({
      file: template,
      text: readTemplate(file, template),
      context,
      dialect: nativeDialect(escapeKindOf(output)),
      loadPartial: (name) => readIfPresent(partialPath(tree, file, name))?.toString('utf8'),
    })
    const path = join(tree, output)
    // The tree is published as it is: what a killed run wrote half must not become part of it.
    removeUnfinished(path)
    replaceFile(path, text, { mode: statSync(file).mode & 0o100 ? 0o700 : 0o600 })
    return output
  })
}

/** Where a template is rendered to: its own path without the last extension. */
export function renderedPath(template: string): string {
  return template.slice(0, template.length - extname(template).length)
}

function readTemplate(file: string, template: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new AppError('template-invalid', `template "${template}" is not in the release`, {
      hint: 'correct `templates` in release.json, or pack the file',
      cause: error,
    })
  }
}

/** Partials lie beside the template that names them, and never outside the release. */
function partialPath(tree: string, file: string, name: string): string {
  const path = join(dirname(file), name)
  if (relative(tree, path).startsWith('..')) {
    throw new AppError('template-invalid', `partial "${name}" is outside the release`, {
      hint: 'partials lie beside the template that names them',
    })
  }
  return path
}
