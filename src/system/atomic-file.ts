import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  linkSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeSync,
  type Stats,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { AppError, errnoOf } from '../errors/index.ts'

// Every durable write of the project goes through this file and append-log.ts. The calls are synchronous on
// purpose: a crash test can then stop the program at exactly the n-th system call.

export interface WriteOptions {
  /** Permission bits the file is created with; 0600 unless told, because most of ours may hold secrets. */
  readonly mode?: number
  /** Where the file that is replaced stays readable: a second name for it, on the same disk. */
  readonly keepAs?: string
}

/**
 * Replaces a file as a whole: temporary file beside it, fsync, rename, fsync of the directory.
 * After a crash the path holds the old content or the new one, never a part.
 */
export function replaceFile(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions = {},
): void {
  withPath(path, () => {
    const temporary = temporaryBeside(path)
    try {
      writeSynced(temporary, content, options.mode ?? 0o600)
      if (options.keepAs !== undefined) keepUnder(path, options.keepAs)
      renameSync(temporary, path)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    }
    syncDirectory(dirname(path))
  })
}

/**
 * Creates a file as a whole where there is none: after a crash it is there with all its content, or not at all.
 * Answers false, and changes nothing, when the path is taken.
 */
export function createFile(path: string, content: string | Uint8Array, mode = 0o600): boolean {
  return withPath(path, () => {
    const temporary = temporaryBeside(path)
    try {
      writeSynced(temporary, content, mode)
      linkSync(temporary, path)
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
      return false
    } finally {
      rmSync(temporary, { force: true })
    }
    syncDirectory(dirname(path))
    return true
  })
}

/** Gives a file a second name, durably; what has that name goes. */
export function keepSecondName(path: string, kept: string): void {
  withPath(kept, () => {
    keepUnder(path, kept)
    syncDirectory(dirname(kept))
  })
}

/** Gives a file a second name: what has it is about to be replaced, so no byte needs to be copied or synced again. */
function keepUnder(path: string, kept: string): void {
  const temporary = temporaryBeside(kept)
  linkSync(path, temporary)
  try {
    renameSync(temporary, kept)
  } finally {
    // A rename between two names of one file, as after a crash in here, does nothing and leaves both.
    rmSync(temporary, { force: true })
  }
}

/**
 * Overwrites a file that another program holds by its inode (a bind mount), so rename is not possible: the new
 * content is first kept whole in `<path>.next`, then copied over; `finishOverwrite` repairs a crash in between.
 */
export function overwriteInPlace(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions = {},
): void {
  replaceFile(`${path}.next`, content, options)
  finishOverwrite(path)
}

/** Completes an `overwriteInPlace` that a crash interrupted; does nothing when there is none. */
export function finishOverwrite(path: string): void {
  withPath(path, () => {
    const next = `${path}.next`
    const content = readIfPresent(next)
    if (content === undefined) return
    const descriptor = openSync(
      path,
      constants.O_WRONLY | constants.O_CREAT,
      statSync(next).mode & 0o777,
    )
    try {
      writeWhole(descriptor, content)
      ftruncateSync(descriptor, content.length)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    syncDirectory(dirname(path))
    removeFile(next)
  })
}

/** Whether a symbolic link is there and points at `target`. */
export function isLinkTo(target: string, link: string): boolean {
  return withPath(link, () => {
    const isLink = lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
    return isLink && readlinkSync(link) === target
  })
}

/** Points a symbolic link at `target` by rename, so that a reader finds the old or the new target and never nothing. */
export function swapLink(target: string, link: string): void {
  withPath(link, () => {
    const temporary = temporaryBeside(link)
    symlinkSync(target, temporary)
    try {
      renameSync(temporary, link)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    }
    syncDirectory(dirname(link))
  })
}

/** Makes a finished staging directory (or a synced file) visible under its final name; the name must be free. */
export function publishDirectory(staging: string, final: string): void {
  withPath(final, () => {
    if (isDirectory(staging)) syncDirectory(staging)
    renameSync(staging, final)
    syncDirectory(dirname(final))
    if (dirname(staging) !== dirname(final)) syncDirectory(dirname(staging))
  })
}

/** Makes a finished temporary file visible under its final name, replacing what is there; both on one disk. */
export function publishFile(temporary: string, final: string): void {
  withPath(final, () => {
    const descriptor = openSync(temporary, constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(temporary, final)
    syncDirectory(dirname(final))
  })
}

/** Creates a directory and its missing parents durably; an existing one keeps its mode. */
export function makeDirectory(path: string, mode = 0o755): void {
  withPath(path, () => {
    if (isDirectory(path)) return
    if (dirname(path) !== path) makeDirectory(dirname(path), mode)
    try {
      mkdirSync(path, { mode })
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST' || !isDirectory(path)) throw error
      return
    }
    syncDirectory(dirname(path))
  })
}

/** Removes a file durably; a missing one is success. */
export function removeFile(path: string): void {
  withPath(path, () => {
    try {
      unlinkSync(path)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return
      throw error
    }
    syncDirectory(dirname(path))
  })
}

/**
 * Removes a tree; a missing one is success. The tree is first renamed to a dot name beside it, so that a crash
 * leaves rubbish with a known prefix (`removedPrefix`) and never half of something that looks whole.
 */
export function removeTree(path: string): void {
  withPath(path, () => {
    const doomed = join(dirname(path), `${removedPrefix}${process.pid}.${nextSerial()}`)
    try {
      renameSync(path, doomed)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return
      throw error
    }
    rmSync(doomed, { recursive: true, force: true })
    syncDirectory(dirname(path))
  })
}

/** What an interrupted `removeTree` leaves behind starts with this. */
export const removedPrefix = '.removed.'

/** Flushes the entries of a directory to the disk. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** The content of a file, or undefined when there is none; any other failure is an error. */
export function readIfPresent(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw ioError(path, error)
  }
}

/** Gives a file or directory to a user; only root can, others keep what they have. */
export function giveTo(path: string, owner: { readonly uid: number; readonly gid: number }): void {
  withPath(path, () => chownSync(path, owner.uid, owner.gid))
}

/** Sets permission bits of an existing path. */
export function setMode(path: string, mode: number): void {
  withPath(path, () => chmodSync(path, mode))
}

/** Writes all bytes at the start of an open file. */
export function writeWhole(descriptor: number, content: string | Uint8Array): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  let offset = 0
  while (offset < bytes.length) {
    offset += writeSync(descriptor, bytes, offset, bytes.length - offset, offset)
  }
}

/** Turns a failed system call into an error that names the path; AppErrors pass through. */
export function ioError(path: string, thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const errno = errnoOf(thrown)
  if (errno === undefined) throw thrown
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new AppError('disk-full', `no space left while writing ${path}`, {
      hint: 'free some space or run `sluice prune`, then try again',
      retryable: true,
      cause: thrown,
    })
  }
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  return new AppError('io-failed', `${path}: ${reason}`, { cause: thrown, ...hintFor(errno) })
}

function hintFor(errno: string): { readonly hint?: string } {
  if (errno !== 'EACCES' && errno !== 'EPERM') return {}
  return { hint: 'run it as the account that owns this, or correct the permissions' }
}

/** Runs file work and names the path in whatever error it ends with. */
export function withPath<Result>(path: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw ioError(path, error)
  }
}

/** Whether something is there, a dangling link included. */
export function pathExists(path: string): boolean {
  return statusIfPresent(() => lstatSync(path)) !== undefined
}

export function isDirectory(path: string): boolean {
  return statusIfPresent(() => statSync(path))?.isDirectory() ?? false
}

/** Nothing can be below a file, behind links in a ring, or under a name that is too long. */
function statusIfPresent(look: () => Stats): Stats | undefined {
  try {
    return look()
  } catch (error) {
    if (absences.has(errnoOf(error) ?? '')) return undefined
    throw error
  }
}

const absences = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'])

function writeSynced(path: string, content: string | Uint8Array, mode: number): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const descriptor = openSync(path, flags, mode)
  try {
    fchmodSync(descriptor, mode)
    writeWhole(descriptor, content)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

let serial = 0

function nextSerial(): number {
  serial += 1
  return serial
}

function temporaryBeside(path: string): string {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${nextSerial()}.tmp`)
  // A crashed process of the same pid may have left this very name.
  rmSync(temporary, { force: true })
  return temporary
}
