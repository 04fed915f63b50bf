import { basename } from 'node:path'

import type { AppError } from '../errors/index.ts'
import type { ProgramIo } from '../terminal/index.ts'
import { exitWhenWritten, processIo } from './process-io.ts'

// One executable, many names: what it does depends on the name it was called by. Each program is loaded when chosen.

interface NamedProgram {
  run(argv: readonly string[], io: ProgramIo): Promise<number>
  /** Shows that output was lost; answers the status that takes the place of success. */
  showUnwritten(error: AppError, io: ProgramIo): Promise<number>
}

const sluice: NamedProgram = {
  async run(argv, world) {
    const program = await import('./run-sluice.ts')
    return await program.runSluice(argv, world)
  },
  async showUnwritten(error, world) {
    return (await import('./run-sluice.ts')).showUnwritten(error, world)
  },
}

const camus2: NamedProgram = {
  async run(argv, { stdout, stderr, environment }) {
    const { ownCommand } = await import('../system/index.ts')
    const program = await import('../compat/camus2/index.ts')
    const executable = ownCommand().at(-1) ?? process.execPath
    return await program.runCamus2([...argv], { stdout, stderr, env: environment, executable })
  },
  async showUnwritten(error, world) {
    return (await import('../compat/camus2/index.ts')).showUnwritten(error, world)
  },
}

const prostagma: NamedProgram = {
  async run(argv, world) {
    return await (await import('../compat/prostagma/index.ts')).runProstagma(argv, world)
  },
  async showUnwritten(error, world) {
    return (await import('../compat/prostagma/index.ts')).showUnwritten(error, world)
  },
}

const programs = new Map<string, NamedProgram>([
  ['sluice', sluice],
  ['c2', camus2],
  ['prostagma', prostagma],
])

const io = processIo(process.env)
process.on('uncaughtException', endWithBug)
process.on('unhandledRejection', endWithBug)

void main()

/** Not at the top level: Node's single executables know no `await` there. */
async function main(): Promise<void> {
  const program = chooseProgram()
  const status = await program.run(process.argv.slice(2), io)
  await exitWhenWritten({
    status,
    io,
    showUnwritten: (error) => program.showUnwritten(error, io),
  })
}

/** By argv0's last part if that is a known name, else by that of the executable's own path; else sluice. */
function chooseProgram(): NamedProgram {
  const names = [process.argv0, process.execPath].map((path) => basename(path))
  return names.map((name) => programs.get(name)).find((program) => program !== undefined) ?? sluice
}

function endWithBug(thrown: unknown): void {
  void import('./run-sluice.ts').then(({ showBug }) => process.exit(showBug(thrown, io)))
}
