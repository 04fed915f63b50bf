import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { isDirectory } from '../../../system/index.ts'
import type { ToolConfig } from '../config/tool-config.ts'
import { listReleases } from '../release/release-directory.ts'
import { readState } from '../state.ts'
import type { ArgumentSpec, Command } from './command.ts'

/** What the scripts of the shells ask: `--bash-completion-index N --bash-completion-word W …`. */
export interface CompletionRequest {
  /** The words of the command line; word 0 is the program. */
  readonly words: readonly string[]
  /** Which word is being completed; it may be one past the last. */
  readonly index: number
  /** Whether a tab and a description follow each candidate that has one. */
  readonly enriched: boolean
}

interface Candidate {
  readonly word: string
  readonly summary?: string
}

/** Reads the hidden completion options, or undefined when the command line is a normal one. */
export function readCompletionRequest(argv: readonly string[]): CompletionRequest | undefined {
  const words: string[] = []
  let index: number | undefined
  let enriched = false
  for (let at = 0; at < argv.length; at++) {
    if (argv[at] === '--bash-completion-enriched') enriched = true
    else if (argv[at] === '--bash-completion-index') index = Number(argv[++at])
    else if (argv[at] === '--bash-completion-word') words.push(argv[++at] ?? '')
    else if (index === undefined) return undefined
  }
  return index === undefined ? undefined : { words, index, enriched }
}

/** The candidates, one for each line. `loadConfig` is asked only where names are wanted. */
export async function complete(
  request: CompletionRequest,
  commands: readonly Command[],
  loadConfig: () => Promise<ToolConfig>,
): Promise<string> {
  const prefix = request.words[request.index] ?? ''
  const candidates = await candidatesFor(request, commands, loadConfig)
  return candidates
    .filter(({ word }) => word.startsWith(prefix))
    .map(({ word, summary }) => (request.enriched && summary ? `${word}\t${summary}` : word))
    .map((line) => `${line}\n`)
    .join('')
}

async function candidatesFor(
  request: CompletionRequest,
  commands: readonly Command[],
  loadConfig: () => Promise<ToolConfig>,
): Promise<Candidate[]> {
  const help: Candidate = { word: '--help', summary: 'Show this help text' }
  const [name, ...before] = request.words.slice(1, request.index)
  if (name === undefined) {
    return [...commands.map((command) => ({ word: command.name, summary: command.summary })), help]
  }
  const command = commands.find((candidate) => candidate.name === name)
  if (command === undefined) return []
  const values = valuesIn(before, command)
  if (values === undefined) return []
  const options = command.options.map(({ name: option, summary }) => ({
    word: `--${option}`,
    summary,
  }))
  const argument = command.arguments[values.length]
  const names = argument ? await namesFor(argument, request, loadConfig) : []
  return [...names.map((word) => ({ word })), ...options, help]
}

/** The arguments among the words before the cursor; undefined when an option there waits for its value. */
function valuesIn(before: readonly string[], command: Command): string[] | undefined {
  const values: string[] = []
  const pending = [...before]
  for (let word = pending.shift(); word !== undefined; word = pending.shift()) {
    const option = command.options.find(({ name }) => `--${name}` === word)
    if (option?.value !== undefined && pending.shift() === undefined) return undefined
    if (!word.startsWith('-')) values.push(word)
  }
  return values
}

async function namesFor(
  argument: ArgumentSpec,
  request: CompletionRequest,
  loadConfig: () => Promise<ToolConfig>,
): Promise<string[]> {
  switch (argument.kind) {
    case 'release':
      return listReleases(await loadConfig())
    case 'deploy':
      return deployLabels(await loadConfig())
    case 'endpoint':
      return [...((await loadConfig()).deployMode?.endPoints.keys() ?? [])]
    case 'directory':
    case 'file':
      return paths(request.words[request.index] ?? '', argument.kind)
    case 'text':
      return []
  }
}

function deployLabels(config: ToolConfig): string[] {
  return config.deployMode === undefined ? [] : [...readState(config).deploys.keys()]
}

function paths(prefix: string, kind: 'directory' | 'file'): string[] {
  const directory = prefix.endsWith('/') ? prefix : dirname(prefix)
  const shown = prefix.includes('/') ? directory : ''
  const start = prefix.endsWith('/') ? '' : basename(prefix)
  return readdirSync(directory)
    .filter((name) => start.startsWith('.') || !name.startsWith('.'))
    .map((name) => join(shown, name))
    .filter((path) => kind === 'file' || isDirectory(path))
    .map((path) => (prefix.startsWith('./') ? `./${path}` : path))
}
