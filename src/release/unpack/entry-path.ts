import { AppError } from '../../errors/index.ts'
import { showName } from '../archive/archive-entry.ts'

const longestPath = 2048
const longestPart = 255
const mostParts = 128

/** Control characters, and those that turn or hide text where a name is shown. */
const trickyCharacters = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u

/**
 * Checks an entry's path: relative, inside, and nothing that two programs could read differently. One leading `./`
 * is taken off, because `tar -C DIR .` puts it there. Answers '' for the root itself.
 * @throws AppError `archive-unsafe`; nothing is ever stripped to make a bad name good.
 */
export function checkEntryPath(path: string, type: 'file' | 'directory' | 'link'): string {
  if (type === 'directory' && (path === '.' || path === './')) return ''
  const plain = path.startsWith('./') ? path.slice(2) : path
  const problem = problemOf(plain)
  if (problem === undefined) return plain
  throw unsafe(`the entry ${showName(path)} ${problem}`)
}

/** A problem of what an archive wants to do. */
export function unsafe(problem: string): AppError {
  return new AppError('archive-unsafe', problem, {
    hint: 'a release holds files, directories and relative links that stay inside it',
  })
}

/** Names that some system takes for one: other case, other Unicode form. */
export function foldPath(path: string): string {
  // Upper before lower case makes ß and ss one, as full case folding does.
  const isAscii = /^[ -~]*$/.test(path)
  return isAscii ? path.toLowerCase() : path.normalize('NFKC').toUpperCase().toLowerCase()
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

function problemOf(path: string): string | undefined {
  if (path === '') return 'has no name'
  if (path.startsWith('/')) return 'is absolute'
  if (/^[A-Za-z]:/.test(path)) return 'starts with a drive letter'
  if (path.includes('\\')) return 'has a backslash in its name'
  if (trickyCharacters.test(path)) return 'has a control character in its name'
  if (Buffer.byteLength(path) > longestPath) return `is longer than ${longestPath} bytes`
  const parts = path.split('/')
  if (parts.length > mostParts) return `is more than ${mostParts} levels deep`
  return parts.map(partProblem).find((problem) => problem !== undefined)
}

function partProblem(part: string): string | undefined {
  if (part === '') return 'has an empty part'
  if (part === '.' || part === '..') return `has the part "${part}"`
  return Buffer.byteLength(part) > longestPart ? `has a part over ${longestPart} bytes` : undefined
}
