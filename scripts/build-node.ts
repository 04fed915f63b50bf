import { chmodSync, copyFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { replaceFile, run, runOrFail } from '../src/system/index.ts'
import { inProject } from './project.ts'

/**
 * Makes the executable with Node's "single executable application": the source as one CommonJS file, put into
 * a copy of the Node that runs this script. The folder of `outputFile` also takes the parts.
 */
export async function buildWithNode(outputFile: string, bunBinary: string): Promise<void> {
  const blob = await prepareBlob(dirname(outputFile), bunBinary)
  await copyRuntime(outputFile)
  await runOrFail([process.execPath, injector, outputFile, 'NODE_SEA_BLOB', blob, ...fuse])
}

/** Node looks for this text to learn whether something was put into it. */
const fuse = ['--sentinel-fuse', 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2']
const injector = inProject('node_modules/postject/dist/cli.js')

async function prepareBlob(folder: string, bunBinary: string): Promise<string> {
  const main = join(folder, 'sluice.cjs')
  const output = join(folder, 'sluice.blob')
  const bundle = ['build', '--target=node', '--format=cjs', '--minify-syntax', ...sourcePlace]
  await runOrFail([bunBinary, ...bundle, `--outfile=${main}`, inProject('src/cli/main.ts')])
  const settings = {
    main,
    output,
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    // Otherwise NODE_OPTIONS would act on the executable.
    execArgvExtension: 'none',
  }
  const settingsFile = join(folder, 'sea.json')
  replaceFile(settingsFile, JSON.stringify(settings))
  await runOrFail([process.execPath, '--experimental-sea-config', settingsFile])
  return output
}

/** Bun would write this machine's path of each source file into the bundle. */
const sourcePlace = ['--define', 'import.meta.url="file:///$built/src/built/file"']

/** Debug symbols are left out where strip(1) is installed; after the injection it would be too late. */
async function copyRuntime(path: string): Promise<void> {
  copyFileSync(process.execPath, path)
  chmodSync(path, 0o755)
  await run(['strip', path]).catch(() => undefined)
}
