import { toAppError, type AppError } from '../../errors/index.ts'
import { sluiceVersion, systemClock } from '../../system/index.ts'
import { watchInterrupts, type ProgramIo } from '../../terminal/index.ts'
import { createLog, type Log } from './log.ts'
import { readClientSettings, readServerSettings } from './settings.ts'

/** Runs prostagma with the words after its name; answers the exit status. */
export async function runProstagma(argv: readonly string[], io: ProgramIo): Promise<number> {
  const [mode] = argv
  const log = logOf(mode ?? 'prostagma', io)
  switch (mode) {
    case 'server':
    case 'client':
      return await runMode(mode, log, io)
    case '--version':
      io.stdout.write(`prostagma of sluice ${sluiceVersion}\n`)
      return 0
    case '--help':
      io.stdout.write(help)
      return 0
    case undefined:
      log.fatal('Expected at least 1 parameter')
      return 1
    default:
      log.fatal('Unknown argument', { arg: mode })
      return 1
  }
}

/** Shows that output was lost; answers the exit status for that. */
export function showUnwritten(error: AppError, io: ProgramIo): number {
  logOf('prostagma', io).error(error.message)
  return 1
}

const help = `usage: prostagma server | client

Everything else comes from the environment: PROSTAGMA_HOST, PROSTAGMA_SECRET, and for the
client PROSTAGMA_TRIGGER and PROSTAGMA_SCRIPT. docs/use/prostagma.md has all of them.
`

async function runMode(mode: 'server' | 'client', log: Log, io: ProgramIo): Promise<number> {
  const { environment: env } = io
  const interrupts = watchInterrupts(io.signals, {
    first: (name) => log.info('Stopping', { signal: name }),
    second: () => io.exit(1),
  })
  const options = { log, clock: systemClock, signal: interrupts.signal }
  try {
    if (mode === 'server') {
      const { serve } = await import('./server/serve.ts')
      await serve(readServerSettings(env), { ...options, env })
    } else {
      const { runClient } = await import('./client/run-client.ts')
      await runClient(readClientSettings(env), options)
    }
    return 0
  } catch (thrown) {
    const { message, hint } = toAppError(thrown)
    log.fatal('Cannot go on', { error: message, ...(hint === undefined ? {} : { hint }) })
    return 1
  } finally {
    interrupts.stop()
  }
}

function logOf(caller: string, { stderr, environment }: ProgramIo): Log {
  return createLog({
    clock: systemClock,
    write: (line) => void stderr.write(line),
    caller: `prostagma/${caller}`,
    secret: environment['PROSTAGMA_SECRET'] ?? '',
  })
}
