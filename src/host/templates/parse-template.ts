import { scanTags, type ScanOptions, type Token } from './scan-tags.ts'
import { templateError } from './template-error.ts'
import type { SectionNode, TemplateNode } from './template-node.ts'

export interface ParseOptions extends ScanOptions {
  /** How deep sections may nest. */
  readonly maxDepth: number
}

type Tag = Extract<Token, { type: 'tag' }>

interface OpenSection {
  readonly tag: Tag
  readonly body: TemplateNode[]
}

/**
 * Reads a template as a tree.
 * @throws AppError `template-invalid` for tags that are not closed, do not match or have no name.
 */
export function parseTemplate(text: string, options: ParseOptions): TemplateNode[] {
  const root: TemplateNode[] = []
  const open: OpenSection[] = []
  for (const token of scanTags(text, options)) {
    const body = open.at(-1)?.body ?? root
    if (token.type === 'text') body.push(token)
    else if (token.sigil === '#' || token.sigil === '^')
      open.push(openSection(token, open, options))
    else if (token.sigil === '/') {
      const section = closeSection(token, open.pop(), options.file)
      const parent = open.at(-1)?.body ?? root
      parent.push(section)
    } else pushLeaf(token, body, options.file)
  }
  const unclosed = open.at(-1)
  if (unclosed === undefined) return root
  throw templateError(
    options.file,
    unclosed.tag.at,
    `section "${unclosed.tag.content}" is never closed`,
    `add {{/${unclosed.tag.content}}}`,
  )
}

function openSection(tag: Tag, open: readonly OpenSection[], options: ParseOptions): OpenSection {
  checkName(tag, options.file)
  if (open.length >= options.maxDepth) {
    throw templateError(options.file, tag.at, `sections nest deeper than ${options.maxDepth}`)
  }
  return { tag, body: [] }
}

function closeSection(tag: Tag, section: OpenSection | undefined, file: string): SectionNode {
  if (section === undefined) {
    throw templateError(file, tag.at, `section "${tag.content}" is closed but was not opened`)
  }
  const name = section.tag.content
  if (name !== tag.content) {
    const opened = `"${name}" of line ${section.tag.at.line}`
    throw templateError(file, tag.at, `"${tag.content}" closes a section while ${opened} is open`)
  }
  const inverted = section.tag.sigil === '^'
  return { type: 'section', name, inverted, body: section.body, at: section.tag.at }
}

function pushLeaf(tag: Tag, body: TemplateNode[], file: string): void {
  const { sigil, content: name, at } = tag
  if (sigil === '!' || sigil === '=') return
  if (sigil === '>') {
    if (name === '') throw templateError(file, at, 'a partial needs a name')
    body.push({ type: 'partial', name, indent: tag.indent ?? '', at })
    return
  }
  checkName(tag, file)
  const raw = sigil === '{' || sigil === '&'
  body.push({ type: 'variable', name, raw, optional: sigil === '?', at })
}

function checkName(tag: Tag, file: string): void {
  const { content: name, at } = tag
  if (name === '') throw templateError(file, at, 'a tag needs a name')
  if (/\s/.test(name)) throw templateError(file, at, `the name "${name}" holds white space`)
  if (name !== '.' && name.split('.').includes('')) {
    throw templateError(file, at, `the name "${name}" has an empty part`)
  }
}
