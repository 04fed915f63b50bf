import { agent, agentEnrol, agentEnroll, agentInstallUnits } from './agent.ts'
import { agentRemove, agentRename, agents } from './agents.ts'
import { audit, auditVerify } from './audit.ts'
import { boot } from './boot.ts'
import { completion } from './completion.ts'
import { connect } from './connect.ts'
import { deploy } from './deploy.ts'
import { cancel, deployments } from './deployments.ts'
import { disconnect } from './disconnect.ts'
import { doctor } from './doctor.ts'
import { endpoints } from './endpoints.ts'
import { history } from './history.ts'
import { hostKeep } from './host-keep.ts'
import { hostRevert } from './host-revert.ts'
import { hostServe } from './host-serve.ts'
import { init } from './init.ts'
import { joinToken, joinTokenList, joinTokenRevoke } from './join-token.ts'
import { keyNew } from './key-new.ts'
import { lift } from './lift.ts'
import { logs } from './logs.ts'
import { pack } from './pack.ts'
import { pin, unpin } from './pin.ts'
import { proxyServe } from './proxy-serve.ts'
import { prune } from './prune.ts'
import { publish } from './publish.ts'
import { quarantine, rejected } from './quarantine.ts'
import { releaseHold } from './release-hold.ts'
import { releases } from './releases.ts'
import { resume } from './resume.ts'
import { rollback } from './rollback.ts'
import { schema } from './schema.ts'
import { show } from './show.ts'
import { serverBackup, serverNewEpoch, serverRestore } from './server-backup.ts'
import { serverUnit } from './server-unit.ts'
import { server } from './server.ts'
import { sign } from './sign.ts'
import { start } from './start.ts'
import { status } from './status.ts'
import { stop } from './stop.ts'
import { tokensCreate, tokensList, tokensRevoke } from './tokens.ts'
import { trigger } from './trigger.ts'
import { verify } from './verify.ts'
import { version } from './version.ts'

/** Every command of sluice, in the order of help: what a person needs daily comes first. */
export const commands = [
  deploy,
  rollback,
  resume,
  cancel,
  lift,
  quarantine,
  releaseHold,
  status,
  endpoints,
  history,
  deployments,
  rejected,
  show,
  logs,
  doctor,
  version,
  pack,
  publish,
  releases,
  sign,
  verify,
  keyNew,
  schema,
  start,
  stop,
  connect,
  disconnect,
  pin,
  unpin,
  prune,
  init,
  boot,
  server,
  serverUnit,
  serverBackup,
  serverRestore,
  serverNewEpoch,
  trigger,
  tokensCreate,
  tokensList,
  tokensRevoke,
  joinToken,
  joinTokenList,
  joinTokenRevoke,
  agents,
  agent,
  agentRemove,
  agentRename,
  agentEnrol,
  agentEnroll,
  agentInstallUnits,
  audit,
  auditVerify,
  hostServe,
  completion,
  hostKeep,
  hostRevert,
  proxyServe,
] as const
