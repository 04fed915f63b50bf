/**
 * The life in which revisions and generations of one agent can be compared: another one in another database, and for a machine that
 * was removed and has joined anew, whose numbers begin anew.
 */
export function epochOf(databaseEpoch: string, agent: string): string {
  return `${databaseEpoch}.${agent}`
}
