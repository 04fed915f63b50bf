import { refuse, refuseLines, scalarText, type Escaper } from './escaper.ts'

/** Names that would make a program run other code than its own. */
const steeringNames = new Set([
  'BASH_ENV',
  'ENV',
  'GIT_SSH_COMMAND',
  'IFS',
  'LD_AUDIT',
  'LD_LIBRARY_PATH',
  'LD_PRELOAD',
  'NODE_OPTIONS',
  'PATH',
  'PERL5LIB',
  'PS4',
  'PYTHONPATH',
  'RUBYOPT',
])

/**
 * For files of NAME=value lines. Their readers disagree about quotes (Docker keeps them, systemd and shells take
 * them off), so a value is only escaped where the template has put quotes, and refused where it would need them.
 */
export function createEnvEscaper(): Escaper {
  let line = ''
  return {
    pass: (text) => {
      line = (line + text).slice((line + text).lastIndexOf('\n') + 1)
    },
    escape: (value) => {
      const text = scalarText(value)
      const printed = printAfter(line, text)
      line += 'x'
      return printed
    },
  }
}

function printAfter(line: string, text: string): string {
  refuseLines(text, 'an environment file')
  const equals = line.indexOf('=')
  if (equals === -1) return checkName(line, text)
  const before = line.slice(equals + 1)
  if (before.startsWith('"')) return text.replaceAll(/[\\"$`]/g, String.raw`\$&`)
  if (before.startsWith("'")) return refuseMatch(text, /'/, 'a single quote')
  return refuseMatch(text, /^\s|\s$|["'#\\$`]/, 'a quote, #, \\, $ or outer white space')
}

function checkName(line: string, text: string): string {
  if (line.trimStart().startsWith('#')) return text
  if (!/^[A-Za-z_]?\w*$/.test(text)) throw refuse('the value is not a variable name')
  if (steeringNames.has(text)) throw refuse(`a value must not name the variable ${text}`)
  return text
}

function refuseMatch(text: string, pattern: RegExp, what: string): string {
  if (!pattern.test(text)) return text
  throw refuse(
    `the value holds ${what}`,
    'write the line as NAME="{{value}}" and read it with a shell',
  )
}
