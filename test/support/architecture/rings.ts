import type { SourceFile } from './source-tree.ts'

/** Rings of files that import each other at run time, each as `a.ts → b.ts → a.ts`. */
export function findRings(files: readonly SourceFile[]): string[] {
  const importsOf = new Map(files.map((file) => [file.path, runtimeTargets(file)]))
  const rings: string[] = []
  const finished = new Set<string>()
  const path: string[] = []
  function follow(file: string): void {
    const at = path.indexOf(file)
    if (at >= 0) rings.push([...path.slice(at), file].join(' → '))
    if (at >= 0 || finished.has(file)) return
    path.push(file)
    for (const target of importsOf.get(file) ?? []) follow(target)
    path.pop()
    finished.add(file)
  }
  for (const file of importsOf.keys()) follow(file)
  return rings
}

function runtimeTargets(file: SourceFile): string[] {
  return file.imports.flatMap(({ target, typeOnly }) =>
    target === undefined || typeOnly ? [] : [target],
  )
}
