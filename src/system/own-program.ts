import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The command that starts this very program again: the built file, or the interpreter and our entry file. */
export function ownCommand(): string[] {
  const entry = fileURLToPath(new URL('../cli/main.ts', import.meta.url))
  return existsSync(entry) ? [process.execPath, entry] : [process.execPath]
}
