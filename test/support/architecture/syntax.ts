/** What reaches out of a file without an import. */
export type GlobalUse = 'process.env' | 'console' | 'Bun'

interface Node {
  readonly type: string
  readonly [part: string]: unknown
}

/** The watched globals that a syntax tree reaches for. */
export function findUses(program: unknown): Set<GlobalUse> {
  const found = new Set<GlobalUse>()
  visit(program, (node) => {
    const use = useOf(node)
    if (use !== undefined) found.add(use)
  })
  return found
}

/** Whether a top-level statement is `export { names } from`. */
export function isReexport(statement: { readonly type: string }): boolean {
  return (
    statement.type === 'ExportNamedDeclaration' &&
    'source' in statement &&
    statement.source !== null
  )
}

/** Calls `see` for every node of a syntax tree, outermost first. */
export function visit(value: unknown, see: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const element of value) visit(element, see)
  } else if (isNode(value)) {
    see(value)
    for (const part of Object.values(value)) visit(part, see)
  }
}

function useOf(node: Node): GlobalUse | undefined {
  if (node.type === 'VariableDeclarator') return takesEnvironment(node) ? 'process.env' : undefined
  if (node.type !== 'MemberExpression') return undefined
  const { object, property } = node
  if (isName(object, 'process') && isName(property, 'env')) return 'process.env'
  if (isName(object, 'console')) return 'console'
  return isName(object, 'Bun') || isName(property, 'Bun') ? 'Bun' : undefined
}

/** `const { env } = process`, or the whole process under another name. */
function takesEnvironment({ id, init }: Node): boolean {
  if (!isName(init, 'process')) return false
  const properties = isNode(id) ? id['properties'] : undefined
  if (!Array.isArray(properties)) return true
  return properties.some((property) => isNode(property) && isName(property['key'], 'env'))
}

/** An identifier, or the same name in brackets and quotes. */
function isName(value: unknown, name: string): boolean {
  return isNode(value) && (value['name'] === name || value['value'] === name)
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value
}
