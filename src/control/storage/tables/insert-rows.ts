import { CompiledQuery } from 'kysely'

import type { DatabaseTransaction, Dialect } from '../database.ts'
import type { Tables } from './table-types.ts'

/**
 * Inserts rows, at least one and all with the same columns. The query builder makes a tree of every value, which for a
 * batch costs more than what the database does with it.
 */
export async function insertRows<Table extends keyof Tables>(
  transaction: DatabaseTransaction,
  { name: dialect }: Pick<Dialect, 'name'>,
  { into, rows }: { readonly into: Table; readonly rows: readonly Tables[Table][] },
): Promise<void> {
  const columns = Object.keys(rows[0] ?? {}) as (keyof Tables[Table] & string)[]
  const list = valueList(dialect, rows.length, columns.length)
  const text = `insert into ${into} (${columns.join(', ')}) values ${list}`
  const values = rows.flatMap((row) => columns.map((column) => row[column]))
  await transaction.executeQuery(CompiledQuery.raw(text, values))
}

/** `(?, ?), (?, ?)`, or `($1, $2), ($3, $4)`, for so many rows of so many values. */
export function valueList(dialect: Dialect['name'], rows: number, width: number): string {
  const row = (number: number): string => {
    const places = Array.from({ length: width }, (_, index) =>
      dialect === 'sqlite' ? '?' : `$${number * width + index + 1}`,
    )
    return `(${places.join(', ')})`
  }
  return Array.from({ length: rows }, (_, number) => row(number)).join(', ')
}
