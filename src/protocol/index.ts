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
export { deploymentPhases, desiredStateSchema, digestText, idText } from './desired-state.ts'
export type { AppDesire, DeploymentPhase, DesiredState } from './desired-state.ts'
export type { RejectedRelease, ScriptOrder, WantedRelease } from './desired-state.ts'
export { canCancel, deploymentStates, isFinished } from './deployment-states.ts'
export { nextDeploymentStates, unfinishedStates } from './deployment-states.ts'
export type { DeploymentState } from './deployment-states.ts'
export { hostAnswerSchemas, hostAskSchema } from './host-door.ts'
export type { HostAsk, WantedArchives } from './host-door.ts'
export { hostReportSchema, nextHostStates } from './host-reports.ts'
export type { HostDeploymentState, HostReport } from './host-reports.ts'
export type { HostReportBody, ObservedApp } from './host-reports.ts'
export { agentAnswerSchemas, agentLabelsSchema, agentNameText, enrolSchema } from './agent-door.ts'
export { loginSchema, pollSchema, reportsSchema, type LoginAnswer } from './agent-door.ts'
export type { EnrolRequest, LoginRequest, PollAnswer, PollRequest } from './agent-door.ts'
