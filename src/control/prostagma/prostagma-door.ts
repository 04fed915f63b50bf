import { AppError } from '../../errors/index.ts'
import { isSameSecret } from '../../trust/index.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import { readSecret } from '../triggers/sources/read-secret.ts'
import { parseAsk, type Ask } from './parse-ask.ts'

/** Who may use Prostagma's routes. */
export interface ProstagmaDoor {
  /** Reads a body. @throws AppError `request-invalid`, `forbidden`. */
  accept(body: Buffer): Ask
}

/**
 * Undefined when Prostagma's clients are not served.
 * @throws AppError `config-invalid` for a secret of less than 16 characters; `key-exposed`, `io-failed`.
 */
export function openProstagmaDoor({
  prostagma,
}: Pick<ServerSettings, 'prostagma'>): ProstagmaDoor | undefined {
  if (prostagma === undefined) return undefined
  const secrets = prostagma.secretFiles.map((file) => readSecret(file))
  return {
    accept: (body) => {
      const ask = parseAsk(body.toString('utf8'))
      if (ask === undefined)
        throw new AppError('request-invalid', 'the body is not what Prostagma sends')
      // Each is compared, so that the time does not tell which one fits.
      const fitting = secrets.filter((secret) => isSameSecret(ask.secret, secret))
      if (fitting.length > 0) return ask
      throw new AppError('forbidden', 'the secret is not the one that is served here')
    },
  }
}
