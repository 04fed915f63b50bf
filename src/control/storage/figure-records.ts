/** How things stand in the whole database, for metrics. */
export interface Figures {
  readonly agentsByState: Readonly<Record<string, number>>
  readonly deploymentsByState: Readonly<Record<string, number>>
  /** Of deployments that have ended. */
  readonly deploymentTime: { readonly count: number; readonly seconds: number }
  /** What hosts made of the newest that they are desired to do. */
  readonly hostsByState: Readonly<Record<string, number>>
  readonly hostsOwed: number
  /** Hosts' parts of deployments that were taken back or failed. */
  readonly partsBack: number
  /** Apps on hosts, as those have observed them. */
  readonly appsDrifted: number
  readonly appsHeld: number
  readonly raisesByTrigger: Readonly<Record<string, number>>
}

export interface FigureRecords {
  /** Counts over all rows: for once in some seconds. */
  read(): Promise<Figures>
}
