import { controlIndex } from './document-node.ts'

/** What apps, labels, endpoints and roles may be called. */
export const namePattern = /^[a-z0-9][a-z0-9._-]*$/

/** A place of ours on the disk, and what every object of JavaScript has. */
const reservedNames = new Set(['current', 'constructor'])

export function isName(text: string, longest: number): boolean {
  return namePattern.test(text) && text.length <= longest && !reservedNames.has(text)
}

/** Versions may have capitals and a `+`, as semantic versions do. */
export const versionPattern = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/

/** A path below some directory: no `..`, not absolute, no control characters, `/` only. */
export function isRelativePath(text: string): boolean {
  if (text === '' || text.length > 1024 || controlIndex(text) !== -1) return false
  if (/[\t\n\r\\]/.test(text) || text.startsWith('~')) return false
  return text.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}

export const environmentNamePattern = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/

/** Variables that would change how a program or its shell is loaded; they never come from a release. */
const steeringVariables = new Set([
  'PATH',
  'IFS',
  'ENV',
  'BASH_ENV',
  'PS4',
  'SHELLOPTS',
  'BASHOPTS',
  'CDPATH',
  'GLOBIGNORE',
  'PYTHONPATH',
  'PYTHONSTARTUP',
  'PYTHONHOME',
  'PERL5OPT',
  'PERL5LIB',
  'PERLLIB',
  'RUBYOPT',
  'RUBYLIB',
  'JAVA_TOOL_OPTIONS',
  'NODE_OPTIONS',
  'NODE_PATH',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'GCONV_PATH',
  'LOCPATH',
  'HOSTALIASES',
  'RES_OPTIONS',
])

const steeringPrefix = /^(LD_|DYLD_|BUN_|GIT_|BASH_FUNC_|GLIBC_|MALLOC_|SLUICE_)/

/** Whether a release may set this variable for its process. */
export function isEnvironmentName(name: string): boolean {
  const upper = name.toUpperCase()
  return (
    environmentNamePattern.test(name) &&
    !steeringVariables.has(upper) &&
    !steeringPrefix.test(upper)
  )
}

const hostLabel = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/

/** A host name of letters, digits and hyphens, in lower case; `*.` may stand in front when asked for. */
export function isHostName(text: string, wildcard: 'wildcard' | 'plain' = 'plain'): boolean {
  const name = wildcard === 'wildcard' && text.startsWith('*.') ? text.slice(2) : text
  return text.length <= 253 && name.split('.').every((label) => hostLabel.test(label))
}
