export {
  createFile,
  finishOverwrite,
  giveTo,
  ioError,
  isDirectory,
  isLinkTo,
  keepSecondName,
  makeDirectory,
  overwriteInPlace,
  pathExists,
  publishDirectory,
  publishFile,
  readIfPresent,
  removedPrefix,
  removeFile,
  removeTree,
  replaceFile,
  setMode,
  swapLink,
  syncDirectory,
  withPath,
  writeWhole,
} from './atomic-file.ts'
export { openAppendLog, readAppendLog, replaceAppendLog, type AppendLog } from './append-log.ts'
export { findControlGroup, openControlGroup, pidsInGroup, type ControlGroup } from './cgroup.ts'
export { systemClock, untilAborted, type Clock } from './clock.ts'
export {
  acquireLock,
  assertFence,
  currentFence,
  lastHolder,
  type FileLock,
  type LockHolder,
} from './file-lock.ts'
export { removeLeftovers, removeUnfinished } from './leftovers.ts'
export { proxyFromEnvironment, type ChooseProxy } from './http-proxy.ts'
export {
  assertMayFollow,
  networkError,
  openUrl,
  readBody,
  type UrlAnswer,
  type UrlGate,
  type UrlRequest,
} from './http.ts'
export { openSystemd, type Systemd } from './notify-systemd.ts'
export { ownCommand } from './own-program.ts'
export { mayInspectOthers, runAs } from './privileges.ts'
export {
  bootId,
  descendants,
  identify,
  isAlive,
  pidsWithVariable,
  processName,
  processOwner,
  sendSignal,
  signalProcess,
  socketHolder,
  socketInodes,
  tcpListenerInodes,
  unixListenerInodes,
  type ProcessIdentity,
} from './processes.ts'
export { randomText, type RandomText } from './random-id.ts'
export {
  childEnvironment,
  describeEnd,
  run,
  runOrFail,
  runSync,
  runUserLine,
  startDetached,
  type RunOptions,
  type RunResult,
} from './run-command.ts'
export { scopePrefix } from './scope.ts'
export { Secret, showUrl } from './secret.ts'
export { readStateFile, writeStateFile, type StoredState } from './state-file.ts'
export { trustSystemRoots } from './system-roots.ts'
export { accountName, lookUpGroup, lookUpUser, runsSystemd, type UserAccount } from './users.ts'
export { sluiceVersion } from './version.ts'
export { quoteUnitWord, unitSandbox } from './systemd-units.ts'
