import { exitWhenWritten, processIo } from '../../../src/cli/process-io.ts'
import { showUnwritten } from '../../../src/cli/run-sluice.ts'
import { sluiceProgram } from '../../../src/cli/sluice-program.ts'
import { runProgram } from '../../../src/terminal/index.ts'
import { createFakeHost } from '../fake-host.ts'

// sluice with a fake host behind it: FAKE_PACE is the milliseconds a step takes, FAKE_RESULT changes to the result,
// FAKE_LOG the log file of every deploy.

const environment = process.env
const log = environment['FAKE_LOG']
const fake = createFakeHost({
  pace: Number(environment['FAKE_PACE'] ?? 0),
  result: JSON.parse(environment['FAKE_RESULT'] ?? '{}') as object,
  deeds: log === undefined ? {} : { logFileOf: () => ({ files: [log] }) },
})
const program = sluiceProgram(fake.door, process.cwd())

const io = processIo(environment)

await exitWhenWritten({
  status: await runProgram(program, process.argv.slice(2), io),
  io,
  showUnwritten: (error) => showUnwritten(error, io),
})
