import { writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

// Holds the write lock of an SQLite file for some milliseconds, as a backup tool might: `hold-sqlite.ts FILE MS`.
const [path = '', milliseconds = '0'] = process.argv.slice(2)
const database = new DatabaseSync(path)
database.exec('begin immediate')
writeSync(1, 'held\n')
setTimeout(() => database.close(), Number(milliseconds))
