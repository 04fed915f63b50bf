/** Line and column count from 1; a column is one UTF-16 unit. */
export interface Position {
  readonly line: number
  readonly column: number
}

export interface VariableNode {
  readonly type: 'variable'
  readonly name: string
  readonly raw: boolean
  readonly optional: boolean
  readonly at: Position
}

export interface SectionNode {
  readonly type: 'section'
  readonly name: string
  readonly inverted: boolean
  readonly body: readonly TemplateNode[]
  readonly at: Position
}

export interface PartialNode {
  readonly type: 'partial'
  readonly name: string
  /** White space before a tag that stands alone on its line; goes before every line of the partial. */
  readonly indent: string
  readonly at: Position
}

export type TemplateNode =
  | { readonly type: 'text'; readonly text: string }
  | VariableNode
  | SectionNode
  | PartialNode
