import { builtinModules } from 'node:module'
import { basename } from 'node:path'

import { mayImport, programEntry } from './import-table.ts'
import { folderOf, type Import, type SourceFile } from './source-tree.ts'
import type { GlobalUse } from './syntax.ts'

/** A place that breaks a rule. */
export interface Violation {
  /** Relative to `src`. */
  readonly file: string
  readonly reason: string
}

/** Looks at one file. */
export type Rule = (file: SourceFile) => readonly string[]

/** Every import into another folder is in the table and goes through that folder's index.ts. */
export const importsFollowTheTable: Rule = (file) => {
  const allowed = mayImport(file.folder)
  if (allowed === undefined) return [`lies in "${file.folder}", which is not in the import table`]
  return insideImports(file).flatMap(({ specifier, target }) => {
    const folder = folderOf(target)
    if (folder === file.folder) return ownImport(file, target, specifier)
    if (folder.startsWith('compat/') && file.path === programEntry) return []
    if (!allowed.includes(folder)) return [`may not import ${folder} (${specifier})`]
    return target === `${folder}/index.ts`
      ? []
      : [`imports past the face of ${folder}: ${specifier}`]
  })
}

/** What leaves `src`: the version in package.json, and what tests share. */
export const importsStayInside: Rule = (file) =>
  relativeImports(file)
    .filter(({ target }) => target.startsWith('..'))
    .filter(({ target }) => !(file.path === 'system/version.ts' && target === '../package.json'))
    .filter(({ target }) => !(file.isTest && /^\.\.\/test\/(support|conformance)\//.test(target)))
    .map(({ specifier }) => `imports from outside src: ${specifier}`)

/** Node's modules are written `node:…`, nothing is Bun's, and a package must be one that is shipped. */
export function importsAreShipped(dependencies: readonly string[]): Rule {
  return (file) =>
    packageImports(file).flatMap(({ specifier }) => {
      if (specifier.startsWith('node:')) return []
      if (/^bun(:|$)/.test(specifier)) return [`imports Bun's own module ${specifier}`]
      if (builtinModules.includes(specifier)) return [`must say node:${specifier}`]
      if (file.isTest || dependencies.some((name) => isOf(specifier, name))) return []
      return [`imports ${specifier}, which is not in the dependencies of package.json`]
    })
}

/** Processes, environment and console are touched only where the house says so; Bun's globals nowhere. */
export const effectsUseTheDoors: Rule = (file) => {
  if (file.isTest) return file.uses.has('Bun') ? ["uses Bun's global"] : []
  const startsProcesses = packageImports(file).some(
    ({ specifier, typeOnly }) => specifier === 'node:child_process' && !typeOnly,
  )
  const effects = [...file.uses, ...(startsProcesses ? (['node:child_process'] as const) : [])]
  return effects
    .filter((effect) => !doors[effect].test(file.path))
    .map((effect) => `uses ${effect}`)
}

const doors: Readonly<Record<GlobalUse | 'node:child_process', RegExp>> = {
  'node:child_process': /^system\/run-command\.ts$/,
  'process.env': /^(system\/run-command|cli\/main|compat\/[^/]+\/main)\.ts$/,
  console: /^(cli|terminal|compat)\//,
  Bun: /^$/,
}

/** Names that say nothing are not used for files and folders. */
export const namesSayWhat: Rule = (file) =>
  file.path
    .split('/')
    .map((part) => part.replace(/(\.test)?\.ts$/, ''))
    .filter(
      (part) => emptyNames.test(part) || part.split('-').some((word) => emptyWords.test(word)),
    )
    .map((part) => `the name "${part}" says nothing`)

const emptyNames = /^(common|shared|core|lib|libs|types|constants)$/
const emptyWords = /^(utils?|helpers?|misc|managers?)$/

/** Files stay readable; a face is a short list of names. */
export const filesAreSmall: Rule = (file) => {
  if (file.lines > maximumLines && !file.isTest)
    return [`has ${file.lines} lines of ${maximumLines}`]
  const faceLines = longFaces[file.folder] ?? maximumFaceLines
  if (file.isFace && file.lines > faceLines) return [`has ${file.lines} lines of ${faceLines}`]
  return []
}

const maximumLines = 400
const maximumFaceLines = 40
/** The doors to the machine are many small functions. */
const longFaces: Readonly<Record<string, number>> = { system: 100 }

/** Only a domain folder has an index.ts, and that only names what others may use. */
export const facesOnlyName: Rule = (file) => {
  if (basename(file.path) !== 'index.ts') return []
  if (!file.isFace) return ['is an index.ts below a domain folder']
  return file.onlyReexports ? [] : ['holds more than `export { names } from`']
}

/** Every place where one of the rules is broken. */
export function findViolations(files: readonly SourceFile[], rules: readonly Rule[]): Violation[] {
  return files.flatMap((file) =>
    rules.flatMap((rule) => rule(file).map((reason) => ({ file: file.path, reason }))),
  )
}

type RelativeImport = Import & { readonly target: string }

function relativeImports(file: SourceFile): RelativeImport[] {
  return file.imports.filter((entry): entry is RelativeImport => entry.target !== undefined)
}

function insideImports(file: SourceFile): RelativeImport[] {
  return relativeImports(file).filter(({ target }) => !target.startsWith('..'))
}

function packageImports(file: SourceFile): Import[] {
  return file.imports.filter(({ target }) => target === undefined)
}

function ownImport(file: SourceFile, target: string, specifier: string): string[] {
  return target === `${file.folder}/index.ts` ? [`imports its own face: ${specifier}`] : []
}

function isOf(specifier: string, packageName: string): boolean {
  return specifier === packageName || specifier.startsWith(`${packageName}/`)
}
