import { createServer } from 'node:http'

// A service for tests. Listens on PORT or SLUICE_SOCKET and answers with its pid and one variable.
// CRASH_AFTER=ms ends it with status 3; STUBBORN=1 ignores SIGTERM; CHILD=1 leaves a child that does.
const { PORT, SLUICE_SOCKET, CRASH_AFTER, STUBBORN, GREETING = '' } = process.env
const server = createServer((_request, response) => {
  response.end(`${process.pid} ${GREETING}`)
})
server.listen(SLUICE_SOCKET ?? Number(PORT ?? 0), () => process.stdout.write('listening\n'))
process.on('SIGTERM', () => {
  process.stdout.write('asked to stop\n')
  if (STUBBORN === undefined) process.exit(0)
})
if (CRASH_AFTER !== undefined) setTimeout(() => process.exit(3), Number(CRASH_AFTER))
