import {
  closeSync,
  constants,
  fchmodSync,
  futimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs'

import { withPath } from '../../system/index.ts'
import type { FileEntry } from '../archive/archive-entry.ts'

/** Latest time a file may claim, in seconds: the year 2100. */
const latestTime = 4_102_444_800

/** Creates a directory of the tree; its parent exists. */
export function writeDirectory(root: string, path: string): void {
  const full = `${root}/${path}`
  withPath(full, () => mkdirSync(full, { mode: 0o755 }))
}

/** Creates a file that must not be there, following no link. */
export async function writeFile(
  root: string,
  path: string,
  entry: FileEntry,
  onBytes: (count: number) => void,
): Promise<void> {
  const full = `${root}/${path}`
  const mode = maskMode(entry.mode)
  const descriptor = withPath(full, () => openSync(full, createFlags, mode))
  try {
    const write = (chunk: Buffer): void => {
      onBytes(chunk.length)
      withPath(full, () => writeAll(descriptor, chunk))
    }
    const content = entry.content()
    if (Symbol.iterator in content) for (const chunk of content) write(chunk)
    else for await (const chunk of content) write(chunk)
    withPath(full, () => {
      fchmodSync(descriptor, mode)
      const time = clampTime(entry.modified)
      futimesSync(descriptor, time, time)
    })
  } finally {
    closeSync(descriptor)
  }
}

export function writeLink(root: string, path: string, target: string): void {
  const full = `${root}/${path}`
  withPath(full, () => symlinkSync(target, full))
}

/** 0755 for what may be run, else 0644: an archive decides nothing more about permissions. */
export function maskMode(mode: number): 0o644 | 0o755 {
  return (mode & 0o111) === 0 ? 0o644 : 0o755
}

const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

function clampTime(seconds: number): number {
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), latestTime) : 0
}

function writeAll(descriptor: number, bytes: Buffer): void {
  let offset = 0
  while (offset < bytes.length) offset += writeSync(descriptor, bytes, offset)
}
