export { readProgress, type Journal, type JournalEntry, type JournalProgress } from './journal.ts'
export { runSteps, undoSteps, type StepRun, type UndoResult } from './run-steps.ts'
export type { Step, StepContext, StepResult } from './step.ts'
