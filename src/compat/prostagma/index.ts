export { runProstagma, showUnwritten } from './run-prostagma.ts'
