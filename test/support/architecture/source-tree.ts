import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { parseSync } from 'oxc-parser'

import { findUses, isReexport, type GlobalUse } from './syntax.ts'

/** One TypeScript file of `src`, as far as the rules look at it. */
export interface SourceFile {
  /** Relative to `src`, such as `host/deploy/deploy-release.ts`. */
  readonly path: string
  /** The domain folder: `host`, `compat/camus2`; empty for a file that lies in none. */
  readonly folder: string
  readonly isTest: boolean
  readonly isFace: boolean
  readonly lines: number
  readonly imports: readonly Import[]
  readonly uses: ReadonlySet<GlobalUse>
  /** Whether it holds nothing but `export { names } from`. */
  readonly onlyReexports: boolean
}

export interface Import {
  readonly specifier: string
  /** Gone at run time. */
  readonly typeOnly: boolean
  /** The imported file relative to `src` (it may start with `../`); undefined for packages and Node's modules. */
  readonly target: string | undefined
}

/** Reads every TypeScript file under `root`, which is a `src` folder. */
export function readSourceTree(root: string): SourceFile[] {
  const paths = globSync('**/*.ts', { cwd: root }).toSorted()
  return paths.map((path) => readSource(path, readFileSync(join(root, path), 'utf8')))
}

function readSource(path: string, text: string): SourceFile {
  const { program, module, errors } = parseSync(path, text)
  const [problem] = errors
  if (problem !== undefined) throw new Error(`${path} cannot be parsed: ${problem.message}`)
  const folder = folderOf(path)
  return {
    path,
    folder,
    isTest: path.endsWith('.test.ts'),
    isFace: path === join(folder, 'index.ts'),
    lines: text.trimEnd().split('\n').length,
    imports: importsOf(path, module, text),
    uses: findUses(program),
    onlyReexports: program.body.every(isReexport),
  }
}

/** The domain folder of a path: its first part, or two parts under `compat`. */
export function folderOf(path: string): string {
  const parts = path.split('/').slice(0, -1)
  return parts.slice(0, parts[0] === 'compat' ? 2 : 1).join('/')
}

type ModuleRecord = ReturnType<typeof parseSync>['module']

function importsOf(path: string, module: ModuleRecord, text: string): Import[] {
  const requests = [
    ...module.staticImports.map(({ moduleRequest, entries }) => ({
      specifier: moduleRequest.value,
      typeOnly: entries.length > 0 && entries.every((entry) => entry.isType),
    })),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest, isType }) =>
        moduleRequest === null ? [] : [{ specifier: moduleRequest.value, typeOnly: isType }],
      ),
    ),
    ...module.dynamicImports.map(({ moduleRequest: { start, end } }) => ({
      specifier: text.slice(start, end).replaceAll(/^['"`]|['"`]$/g, ''),
      typeOnly: false,
    })),
  ]
  return requests.map((request) => ({ ...request, target: targetOf(path, request.specifier) }))
}

function targetOf(path: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : undefined
}
