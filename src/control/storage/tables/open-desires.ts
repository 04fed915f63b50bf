import type { Database } from '../database.ts'
import type { DesireRecords } from '../desire-records.ts'
import { bumpRevisions } from './agents.ts'
import { readDesires } from './desired-states.ts'
import { readFleet } from './fleet.ts'
import { takeHostReports } from './host-reports.ts'

export function openDesireRecords(database: Database): DesireRecords {
  return {
    read: (agents) => database.transaction((transaction) => readDesires(transaction, agents)),
    takeReports: (agent, reports, at) =>
      database.transaction((transaction) =>
        takeHostReports(database, transaction, { agent, reports, at }),
      ),
    releaseHold: (agent, app, at) =>
      database.transaction(async (transaction) => {
        const query = transaction.updateTable('desires').set({ hold_released_at: at })
        const result = await query
          .where('agent', '=', agent)
          .where('app', '=', app)
          .executeTakeFirst()
        await bumpRevisions(transaction, [agent])
        return result.numUpdatedRows > 0n
      }),
    fleet: (range) => database.transaction((transaction) => readFleet(transaction, range)),
  }
}
