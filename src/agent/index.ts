export type { FileSource, OfferedFile, WantedFile } from './scripts/file-source.ts'
export { serveHost, type HostService, type ServeHostOptions } from './serve/serve-host.ts'
export { runScript, type ScriptContext } from './scripts/run-script.ts'
export type {
  DownloadAction,
  FileSourceKind,
  LineEnd,
  ScriptEvent,
  ScriptOutcome,
  ScriptReporter,
  ScriptStep,
  ShellAction,
} from './scripts/script-step.ts'
export { enrolAgent, type Enrolment, type EnrolOptions } from './enrol.ts'
export { runAgent, type AgentOptions } from './run/run-agent.ts'
export { renderAgentUnit, renderHostUnit } from './units/render-units.ts'
