import { globSync } from 'node:fs'

import { findRings } from '../test/support/architecture/rings.ts'
import { readSourceTree } from '../test/support/architecture/source-tree.ts'
import { measureFile, type Measured } from './measure-source.ts'
import { inProject, projectRoot, runScript } from './project.ts'

// Prints what the code measures beside what it aims at: `npm run measure`.

async function main(): Promise<void> {
  const code = measureAll('src/**/*.ts', (path) => !path.endsWith('.test.ts'))
  const tests = measureAll('{src/**/*.test.ts,test/**/*.ts}', () => true)
  for (const [measure, value, aim] of rowsOf(code, tests)) {
    console.log(`${measure.padEnd(38)} ${value.padEnd(24)} ${aim}`)
  }
  const places = [...longFunctions(code), ...manyParameters(code), ...repeats(code)]
  for (const place of places) console.log(place)
}

function measureAll(pattern: string, wanted: (path: string) => boolean): Measured[] {
  const paths = globSync(pattern, { cwd: projectRoot }).filter(wanted)
  return paths.toSorted().map((path) => measureFile(projectRoot, path))
}

/** What is measured, what it is, and the aim. */
function rowsOf(code: readonly Measured[], tests: readonly Measured[]): [string, string, string][] {
  const functions = code.flatMap((file) => file.functions)
  const functionLines = functions.map(({ lines }) => lines)
  const lines = sum(code, 'lines')
  const tree = readSourceTree(inProject('src'))
  return [
    ['files, lines', `${code.length}, ${lines}`, ''],
    ['lines of a file: median/p90/max', spread(code.map((file) => file.lines)), '≤80/≤220/400'],
    ['lines of a function: median/p90/max', spread(functionLines), '≤8/≤30/60'],
    ['functions over 40 lines', share(functionLines, (count) => count > 40), '≤3 %'],
    ['functions over 3 parameters', share(functions, (it) => it.parameters > 3), 'rare, at most 4'],
    [
      'comment lines of filled lines',
      percent(sum(code, 'commentLines'), sum(code, 'filledLines')),
      '5–12 %',
    ],
    ['test lines : code lines', (sum(tests, 'lines') / lines).toFixed(2), '≥1'],
    ['any, !, enum, namespace', String(sum(code, 'looseTypes')), '0'],
    ['import rings', String(findRings(tree).length), '0'],
    ['six lines twice', String(repeats(code).length), '0 unexplained'],
  ]
}

function spread(values: readonly number[]): string {
  return `${quantile(values, 0.5)}/${quantile(values, 0.9)}/${Math.max(...values)}`
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}

function share<Value>(values: readonly Value[], counts: (value: Value) => boolean): string {
  return percent(values.filter(counts).length, values.length)
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`
}

function sum(
  files: readonly Measured[],
  kind: 'lines' | 'filledLines' | 'commentLines' | 'looseTypes',
): number {
  return files.reduce((total, file) => total + file[kind], 0)
}

function longFunctions(code: readonly Measured[]): string[] {
  return code.flatMap(({ path, functions }) =>
    functions
      .filter(({ lines }) => lines > 40)
      .map(({ line, lines }) => `${path}:${line} a function of ${lines} lines`),
  )
}

function manyParameters(code: readonly Measured[]): string[] {
  return code.flatMap(({ path, functions }) =>
    functions
      .filter(({ parameters }) => parameters > 3)
      .map(({ line, parameters }) => `${path}:${line} a function of ${parameters} parameters`),
  )
}

/** Where six or more lines stand a second time; of a longer repeat only the first place is told. */
function repeats(code: readonly Measured[]): string[] {
  const firstPlaces = new Map<string, string>()
  const found: string[] = []
  for (const { path, comparable } of code.filter((file) => !file.path.endsWith('index.ts'))) {
    let told = -6
    for (let at = 0; at + 6 <= comparable.length; at++) {
      const text = comparable
        .slice(at, at + 6)
        .map((line) => line.text)
        .join('\n')
      const place = `${path}:${comparable[at]?.line}`
      const first = firstPlaces.get(text)
      if (first === undefined) firstPlaces.set(text, place)
      else if (at - told >= 6) found.push(`${place} repeats six lines of ${first}`)
      if (first !== undefined) told = at
    }
  }
  return found
}

await runScript(main)
