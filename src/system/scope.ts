import { runsSystemd } from './users.ts'

/**
 * The words in front of a command that give it a systemd scope of its own, so that it does not end together with
 * the unit we happen to run in (a CI runner, cron); none where systemd is not PID 1 or we may not ask it.
 */
export function scopePrefix(description: string): string[] {
  if (process.getuid?.() !== 0 || !runsSystemd()) return []
  return ['systemd-run', '--scope', '--quiet', '--collect', `--description=${description}`, '--']
}
