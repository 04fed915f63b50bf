import { withContext } from '../../errors/index.ts'
import type { Dialect, PartialLoader, Printer } from './dialect.ts'
import { lookUp, type ContextStack } from './lookup.ts'
import { parseTemplate, type ParseOptions } from './parse-template.ts'
import { loadPartials, type Partials } from './partials.ts'
import { templateError } from './template-error.ts'
import type { PartialNode, SectionNode, TemplateNode, VariableNode } from './template-node.ts'

export interface TemplateRequest {
  /** Name for messages. */
  readonly file: string
  readonly text: string
  readonly context: unknown
  readonly dialect: Dialect
  readonly loadPartial: PartialLoader
}

/** One rendering under way. */
interface Rendering {
  readonly dialect: Dialect
  readonly printer: Printer
  readonly partials: Partials
  readonly output: string[]
  bytes: number
}

/** Where in the nesting a node stands. */
interface Scope {
  readonly file: string
  readonly stack: ContextStack
  readonly depth: number
}

/**
 * Renders a mustache template.
 * @throws AppError `template-invalid` with file, line and column.
 */
export function renderTemplate(request: TemplateRequest): string {
  const { file, dialect } = request
  const options: Omit<ParseOptions, 'file'> = dialect
  const checked = (name: string, text: string): string => {
    if (Buffer.byteLength(text) <= dialect.maxBytes) return text
    throw templateError(name, { line: 1, column: 1 }, `larger than ${dialect.maxBytes} bytes`)
  }
  const nodes = parseTemplate(checked(file, request.text), { ...options, file })
  const load: PartialLoader = (name) => {
    const text = request.loadPartial(name)
    return text === undefined ? undefined : checked(name, text)
  }
  const partials = loadPartials({ file, nodes }, load, options)
  const rendering: Rendering = {
    dialect,
    printer: dialect.createPrinter(),
    partials,
    output: [],
    bytes: 0,
  }
  renderNodes(rendering, nodes, { file, stack: [request.context], depth: 0 })
  return rendering.output.join('')
}

function renderNodes(rendering: Rendering, nodes: readonly TemplateNode[], scope: Scope): void {
  for (const node of nodes) {
    if (node.type === 'text') {
      rendering.printer.pass(node.text)
      write(rendering, node.text, scope)
    } else if (node.type === 'variable') renderVariable(rendering, node, scope)
    else if (node.type === 'section') renderSection(rendering, node, scope)
    else renderPartial(rendering, node, scope)
  }
}

function renderVariable(rendering: Rendering, node: VariableNode, scope: Scope): void {
  const value = lookUp(scope.stack, node.name)
  if (value === undefined) {
    if (rendering.dialect.missing === 'empty' || node.optional) return
    throw missingVariable(node, scope)
  }
  if (value === null && node.optional) return
  try {
    write(rendering, rendering.printer.print(value, node), scope)
  } catch (error) {
    throw withContext(`${scope.file}:${node.at.line}:${node.at.column}`, error)
  }
}

function missingVariable(node: VariableNode, scope: Scope): Error {
  return templateError(
    scope.file,
    node.at,
    `"${node.name}" has no value`,
    `give ${node.name} in a config source, or write {{?${node.name}}} if it may be missing`,
  )
}

function renderSection(rendering: Rendering, node: SectionNode, scope: Scope): void {
  const value = lookUp(scope.stack, node.name)
  const truth = rendering.dialect.truth(value)
  if (truth === 'neither') return
  const inner = deeper(rendering, node, scope)
  if (node.inverted) {
    if (truth === 'false') renderNodes(rendering, node.body, inner)
    return
  }
  if (truth === 'false') return
  for (const item of Array.isArray(value) ? value : [value]) {
    renderNodes(rendering, node.body, { ...inner, stack: [...scope.stack, item] })
  }
}

function renderPartial(rendering: Rendering, node: PartialNode, scope: Scope): void {
  const inner = deeper(rendering, node, scope)
  renderNodes(rendering, rendering.partials.parse(node), { ...inner, file: node.name })
}

function deeper(rendering: Rendering, node: SectionNode | PartialNode, scope: Scope): Scope {
  const { maxDepth } = rendering.dialect
  if (scope.depth < maxDepth) return { ...scope, depth: scope.depth + 1 }
  throw templateError(scope.file, node.at, `"${node.name}" nests deeper than ${maxDepth} levels`)
}

function write(rendering: Rendering, text: string, scope: Scope): void {
  rendering.bytes += Buffer.byteLength(text)
  if (rendering.bytes > rendering.dialect.maxBytes) {
    const problem = `the rendered text is larger than ${rendering.dialect.maxBytes} bytes`
    throw templateError(scope.file, { line: 1, column: 1 }, problem)
  }
  rendering.output.push(text)
}
