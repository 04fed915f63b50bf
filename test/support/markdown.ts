import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A document, as far as the checks look at it. */
export interface MarkdownFile {
  /** Relative to the root it was read from. */
  readonly path: string
  readonly links: readonly string[]
  /** Text between single backticks. */
  readonly codeSpans: readonly string[]
  /** Everything in code blocks and code spans, where commands stand. */
  readonly code: string
  /** What a link may name after `#`. */
  readonly anchors: ReadonlySet<string>
}

/** Reads every document under `root` that belongs to the project. */
export function readMarkdown(root: string): MarkdownFile[] {
  const exclude = ['node_modules/**', 'dist/**', '.cache/**', '.git/**']
  const paths = globSync('**/*.md', { cwd: root, exclude }).toSorted()
  return paths.map((path) => parseMarkdown(path, readFileSync(join(root, path), 'utf8')))
}

export function parseMarkdown(path: string, text: string): MarkdownFile {
  const blocks = [...text.matchAll(/^```.*?^```/gms)].map(([block]) => block)
  const prose = text.replaceAll(/^```.*?^```/gms, '')
  const codeSpans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)
  const plain = prose.replaceAll(/`[^`\n]+`/g, '')
  return {
    path,
    links: [...plain.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target),
    codeSpans,
    code: [...blocks, ...codeSpans].join('\n'),
    anchors: new Set([...prose.matchAll(/^#+ +(.+)$/gm)].map(([, title = '']) => anchorOf(title))),
  }
}

/** Links that lead nowhere, as `file: target`. */
export function brokenLinks(root: string, files: readonly MarkdownFile[]): string[] {
  const known = new Map(files.map((file) => [file.path, file]))
  return files.flatMap((file) =>
    file.links
      .filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(root, file, link, known))
      .map((link) => `${file.path}: ${link}`),
  )
}

/** Code spans that look like a path of the project and are none, as `file: path`. */
export function stalePaths(root: string, files: readonly MarkdownFile[]): string[] {
  return files.flatMap((file) =>
    file.codeSpans
      .filter((span) => /^(src|test|scripts|docs|bench)\/[\w./-]*$/.test(span))
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${file.path}: ${path}`),
  )
}

/** npm scripts that a document tells to run and that do not exist, as `file: script`. */
export function unknownScripts(
  files: readonly MarkdownFile[],
  scripts: readonly string[],
): string[] {
  return files.flatMap(({ path, code }) =>
    [...code.matchAll(/npm (?:run )([\w:-]+)/g)]
      .map(([, script = '']) => script)
      .filter((script) => !scripts.includes(script))
      .map((script) => `${path}: npm run ${script}`),
  )
}

function leadsSomewhere(
  root: string,
  from: MarkdownFile,
  link: string,
  known: ReadonlyMap<string, MarkdownFile>,
): boolean {
  const [target = '', anchor] = link.split('#')
  const path = target === '' ? from.path : join(dirname(from.path), target)
  if (!existsSync(join(root, path))) return false
  const file = known.get(path)
  return anchor === undefined || file === undefined || file.anchors.has(anchor)
}

/** How GitHub names a heading in a link. */
function anchorOf(title: string): string {
  const words = title.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
  return words.trim().replaceAll(/\s/g, '-')
}
