import type { PartialLoader } from './dialect.ts'
import { parseTemplate, type ParseOptions } from './parse-template.ts'
import { templateError } from './template-error.ts'
import type { PartialNode, TemplateNode } from './template-node.ts'

/** Every partial that a template can reach, loaded before anything is rendered. */
export interface Partials {
  /** The tree of a partial whose lines are indented. */
  parse(partial: PartialNode): readonly TemplateNode[]
}

interface PartialRequest {
  readonly file: string
  readonly nodes: readonly TemplateNode[]
}

/**
 * Loads what `nodes` include, directly or through other partials; including each other is allowed.
 * @throws AppError `template-invalid` when one is missing, also inside a section that is never shown.
 */
export function loadPartials(
  root: PartialRequest,
  load: PartialLoader,
  options: Omit<ParseOptions, 'file'>,
): Partials {
  const texts = new Map<string, string>()
  const pending: PartialRequest[] = [root]
  for (const { file, nodes } of pending) {
    for (const partial of partialsIn(nodes)) {
      if (texts.has(partial.name)) continue
      const text = load(partial.name)
      if (text === undefined) {
        throw templateError(file, partial.at, `partial "${partial.name}" was not found`)
      }
      texts.set(partial.name, text)
      const parsed = parseTemplate(text, { ...options, file: partial.name })
      pending.push({ file: partial.name, nodes: parsed })
    }
  }
  return { parse: cachedParser(texts, options) }
}

function cachedParser(
  texts: ReadonlyMap<string, string>,
  options: Omit<ParseOptions, 'file'>,
): Partials['parse'] {
  const trees = new Map<string, readonly TemplateNode[]>()
  return ({ name, indent }) => {
    const key = `${indent}>${name}`
    const known = trees.get(key)
    if (known !== undefined) return known
    const text = (texts.get(name) ?? '').replaceAll(/(^|\n)(?=[^])/g, `$1${indent}`)
    const tree = parseTemplate(text, { ...options, file: name })
    trees.set(key, tree)
    return tree
  }
}

function partialsIn(nodes: readonly TemplateNode[]): PartialNode[] {
  return nodes.flatMap((node) => {
    if (node.type === 'partial') return [node]
    return node.type === 'section' ? partialsIn(node.body) : []
  })
}
