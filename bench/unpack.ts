import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { compileWithBun } from '../scripts/build.ts'
import { inProject } from '../scripts/project.ts'
import { ensureTool } from '../scripts/tools.ts'
import { packRelease } from '../src/release/index.ts'
import { runOrFail } from '../src/system/index.ts'
import { temporaryFolder } from '../test/support/temp-folder.ts'
import type { Bench, Measure } from './measure.ts'
import { withScope } from './scope.ts'
import { median, rounded } from './statistics.ts'
import { timeCommand, type CommandCost } from './time-command.ts'

const fileCount = 5000
const fileSize = 40_000
const rounds = 3

export const unpack: Bench = {
  name: 'unpack',
  summary: `a release of ${(fileCount * fileSize) / 1e6} MB in ${fileCount} files, against system tar; medians of ${rounds} runs that took turns`,
  run: ({ tell }) =>
    withScope(async (scope) => {
      const folder = temporaryFolder(scope)
      const program = join(folder, 'unpack')
      await compileWithBun(inProject('bench/programs/unpack.ts'), program)
      const tree = makeTree(join(folder, 'tree'))
      const measures: Measure[] = []
      for (const format of ['tar.gz', 'tar.zst', 'zip'] as const) {
        const archive = join(folder, `big-1.${format}`)
        tell(format)
        await packRelease(tree, { to: archive, format })
        const peer = await peerOf(format, archive)
        measures.push(...(await compare({ program, archive, peer, folder })))
        rmSync(archive)
      }
      return measures
    }),
}

/** Text that shrinks to about a third, as built applications do; the same in every run. */
function makeTree(directory: string): string {
  for (let number = 0; number < fileCount; number++) {
    const folder = join(directory, `part-${number % 50}`)
    if (number < 50) mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `file-${number}.js`), makeText(number))
  }
  writeFileSync(join(directory, 'release.json'), '{"name":"big","version":"1"}')
  return directory
}

/** Every other line is noise in letters, every other one is always the same kind of text. */
function makeText(seed: number): string {
  let text = ''
  for (let line = 0; text.length < fileSize; line++) {
    const noise = createHash('sha256').update(`${seed} ${line}`).digest('base64')
    text += `export function part${line}(context) { return context.get('${noise}') }\n`
  }
  return text.slice(0, fileSize)
}

interface Peer {
  readonly name: string
  argv(directory: string): readonly string[]
}

async function peerOf(format: 'tar.gz' | 'tar.zst' | 'zip', archive: string): Promise<Peer> {
  if (format === 'tar.gz')
    return { name: 'tar', argv: (directory) => ['tar', '-xzf', archive, '-C', directory] }
  if (format === 'zip')
    return { name: 'unzip', argv: (directory) => ['unzip', '-q', archive, '-d', directory] }
  const zstd = await ensureTool('zstd')
  return { name: 'tar', argv: (directory) => ['tar', '-I', zstd, '-xf', archive, '-C', directory] }
}

interface Comparison {
  readonly program: string
  readonly archive: string
  readonly peer: Peer
  readonly folder: string
}

async function compare({ program, archive, peer, folder }: Comparison): Promise<Measure[]> {
  const target = join(folder, 'out')
  const [own, theirs]: [CommandCost[], CommandCost[]] = [[], []]
  let peak = 0
  const once = async (argv: readonly string[]): Promise<CommandCost> => {
    mkdirSync(target)
    const cost = await timeCommand(argv)
    rmSync(target, { recursive: true })
    return cost
  }
  for (let round = 0; round < rounds; round++) {
    theirs.push(await once(peer.argv(target)))
    own.push(await once([program, archive, target]))
  }
  for (let round = 0; round < 2; round++) {
    const said = JSON.parse(await runOrFail([program, archive, target])) as {
      peakMegabytes: number
    }
    peak = Math.max(peak, said.peakMegabytes)
    rmSync(target, { recursive: true })
  }
  const format = archive.replace(/^.*big-1\./, '')
  const [mine, other] = [medians(own), medians(theirs)]
  return [
    {
      what: `${format}: user CPU, times that of ${peer.name}`,
      value: rounded(mine.user / other.user, 2),
      unit: 'x',
      aim: 1.3,
      detail: `user ${seconds(mine.user)} against ${seconds(other.user)}, system ${seconds(mine.system)} against ${seconds(other.system)}, wall ${seconds(mine.wall)} (flushed) against ${seconds(other.wall)} (not flushed)`,
    },
    {
      what: `${format}: peak memory`,
      value: rounded(peak),
      unit: 'MB',
      aim: 80,
      detail: `of ${fileCount} files`,
    },
  ]
}

function medians(costs: readonly CommandCost[]): CommandCost {
  const of = (part: keyof CommandCost): number => median(costs.map((cost) => cost[part]))
  return { wall: of('wall'), user: of('user'), system: of('system') }
}

function seconds(value: number): string {
  return `${value.toFixed(2)} s`
}
