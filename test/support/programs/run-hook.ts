import { runHook } from '../../../src/host/hooks/run-hook.ts'
import type { HookRequest } from '../../../src/host/hooks/hook-runner.ts'
import { systemClock } from '../../../src/system/index.ts'

// Runs the hook of the request given as its argument (JSON) and prints the result; tests kill it half-way.
const request = JSON.parse(process.argv[2] ?? '') as HookRequest
const result = await runHook(request, {
  clock: systemClock,
  signal: new AbortController().signal,
  line: (line) => process.stdout.write(`line ${line}\n`),
})
process.stdout.write(`result ${JSON.stringify(result)}\n`)
