export type { DeployEvent, Outcome, ReportedError, Reporter } from './deploy-event.ts'
export { reportError } from './report-error.ts'
