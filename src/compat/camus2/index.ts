export type { Camus2Io } from './camus2.ts'
export { runCamus2, showUnwritten } from './run-camus2.ts'
