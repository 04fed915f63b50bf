import { outputValues, type Program, type ProgramIo } from '../program.ts'
import { safeText } from '../safe-text.ts'
import { styleFor } from '../style.ts'
import { complete, type Candidate, type Completion } from './complete.ts'
import { hasOpenQuote, splitLine } from './split-line.ts'

/** Milliseconds after which the person has typed on: a store or a disk that hangs must not hang the shell. */
const patience = 2000

/**
 * Answers a shell that completes a word: `bash WORDBREAKS LINE`, `zsh WORD…` or `fish WORD…`. The first line says
 * `names` or `files`, the names follow. Never fails: where nothing can be known, nothing is printed.
 */
export async function runCompletion<Context>(
  program: Program<Context>,
  argv: readonly string[],
  io: ProgramIo,
): Promise<number> {
  const [shell, ...rest] = argv
  const [wordBreaks = '', line = ''] = rest
  const words = shell === 'bash' ? splitLine(line).slice(1) : rest.slice(1)
  const cut = shell === 'bash' ? replacedFrom(line, wordBreaks) : 0
  const controller = new AbortController()
  try {
    const context = createContext(program, words, { io, signal: controller.signal })
    const completion = await withPatience(complete(program, words, context))
    if (completion !== undefined) io.stdout.write(format(completion, shell, cut))
  } catch {
    // A completion that cannot be made is no completion; the command itself will say what is wrong.
  } finally {
    controller.abort()
  }
  return 0
}

/** Global options that were typed already (`--config FILE`) count; a line that is not yet whole is no obstacle. */
function createContext<Context>(
  program: Program<Context>,
  words: readonly string[],
  { io, signal }: { io: ProgramIo; signal: AbortSignal },
): Context {
  const style = styleFor({ stream: io.stdout, environment: io.environment, noColor: true, now: 0 })
  const globals = typedGlobals(program, words)
  return program.createContext({ io, globals, style, signal, report: () => undefined })
}

function typedGlobals<Context>(program: Program<Context>, words: readonly string[]) {
  const typed: Record<string, unknown> = { ...outputValues({}) }
  for (const [name, spec] of Object.entries(program.globals)) {
    const at = words.indexOf(`--${name}`)
    if (at >= 0 && spec.value !== undefined) typed[name] = words[at + 1]
  }
  return typed
}

/** `cut` is how much of each name bash leaves as it is. */
function format(completion: Completion, shell: string | undefined, cut: number): string {
  if (completion.type === 'files') return 'files\n'
  const names = completion.names.filter(({ name }) => safeText(name) === name && !/\s/.test(name))
  const lines = names.map((candidate) => formatCandidate(candidate, shell))
  if (shell !== 'bash') return ['names', ...lines, ''].join('\n')
  return ['names', ...names.map(({ name }) => name.slice(cut)), ''].join('\n')
}

function formatCandidate({ name, summary }: Candidate, shell: string | undefined): string {
  if (shell === 'zsh') {
    const escaped = name.replaceAll('\\', '\\\\').replaceAll(':', '\\:')
    return summary === undefined ? escaped : `${escaped}:${summary}`
  }
  return summary === undefined ? name : `${name}\t${summary}`
}

/** bash replaces only what follows the last word break (`:` or `=`) of the word, or begins with it (`@`). */
function replacedFrom(line: string, wordBreaks: string): number {
  if (hasOpenQuote(line)) return 0
  const word = splitLine(line).at(-1) ?? ''
  const at = (character: string): number =>
    wordBreaks.includes(character) ? word.lastIndexOf(character) : -1
  return Math.max(0, at(':') + 1, at('=') + 1, at('@'))
}

async function withPatience<Value>(work: Promise<Value>): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), patience)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
