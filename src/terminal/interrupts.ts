import { AppError } from '../errors/index.ts'
import type { SignalSource } from './program.ts'

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

interface InterruptListeners {
  /** Once: the work was asked to stop and will leave a safe state. */
  readonly first: (name: string) => void
  /** The person does not want to wait. */
  readonly second: () => void
}

/** Turns the first Ctrl-C, SIGTERM or SIGHUP into an abort and tells of the second; `stop` listens no more. */
export function watchInterrupts(
  signals: SignalSource,
  listeners: InterruptListeners,
): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController()
  const handlers = names.map((name) => [name, () => onSignal(name)] as const)
  for (const [name, handler] of handlers) signals.on(name, handler)

  function onSignal(name: string): void {
    if (controller.signal.aborted) {
      // A terminal that was closed sends SIGHUP after SIGINT; only a person's repetition means "at once".
      if (name !== 'SIGHUP') listeners.second()
      return
    }
    listeners.first(name)
    controller.abort(new AppError('aborted', `stopped by ${name}`))
  }

  return {
    signal: controller.signal,
    stop: () => {
      for (const [name, handler] of handlers) signals.off(name, handler)
    },
  }
}
