import type { Style } from './style.ts'
import { cutTo, padTo, textWidth } from './text-width.ts'

export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** Put before every line. */
  readonly indent?: string
}

/** Columns aligned by two spaces; on a terminal too wide lines are cut. */
export function formatTable(table: Table, style: Style): string {
  const { indent = '' } = table
  const heads = table.columns.map((column) => style.color.bold(column))
  const lines = [heads, ...table.rows]
  const widths = columnWidths(lines)
  return lines.map((cells) => cutLine(indent + joinCells(cells, widths), style)).join('\n')
}

/** Name and value pairs under each other, values aligned; pairs without a value are left out. */
export function formatPairs(
  pairs: readonly (readonly [name: string, value: string | undefined])[],
  style: Style,
): string {
  const shown = pairs.filter((pair): pair is [string, string] => pair[1] !== undefined)
  const width = Math.max(0, ...shown.map(([name]) => textWidth(name)))
  const indent = ' '.repeat(width + 4)
  return shown
    .map(([name, value]) => {
      const text = value.replaceAll('\n', `\n${indent}`)
      return `  ${style.color.dim(padTo(name, width))}  ${text}`
    })
    .join('\n')
}

/** Cuts a line to the terminal's width, if there is one. */
export function cutLine(line: string, style: Style): string {
  return style.width === undefined ? line : cutTo(line, style.width)
}

function columnWidths(lines: readonly (readonly string[])[]): number[] {
  const widths: number[] = []
  for (const cells of lines) {
    for (const [column, cell] of cells.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, textWidth(cell))
    }
  }
  return widths
}

function joinCells(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => padTo(cell, widths[column] ?? 0))
    .join('  ')
    .trimEnd()
}
