export type {
  AppStatus,
  ConnectRequest,
  DeploymentDetail,
  DeploymentKind,
  DeploymentResult,
  DeploymentSummary,
  HistoryEntry,
  DeployRequest,
  DeployStatus,
  EndpointStatus,
  GatedBy,
  Hold,
  HostPlan,
  HostStatus,
  LiftSummary,
  ReleaseIdentity,
  RollbackRequest,
  StartRequest,
  TrafficCount,
  TrafficStatement,
} from './host-requests.ts'
export {
  deploymentPhases,
  desiredStateSchema,
  digestText,
  idText,
  type AppDesire,
  type DeploymentPhase,
  type DesiredState,
  type RejectedRelease,
  type ScriptOrder,
  type WantedRelease,
} from './desired-state.ts'
export { hostAnswerSchemas, hostAskSchema } from './host-door.ts'
export type { HostAsk, WantedArchives } from './host-door.ts'
export { hostReportSchema, nextHostStates } from './host-reports.ts'
export type { HostDeploymentState, HostReport } from './host-reports.ts'
export type { HostReportBody, ObservedApp } from './host-reports.ts'
