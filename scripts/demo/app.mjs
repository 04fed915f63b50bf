// The demo's application: says which version it is. A version that is told so falls ill some time after its start.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const { version, fallsIllAfterChecks = Infinity } = JSON.parse(
  readFileSync(new URL('app.json', import.meta.url), 'utf8'),
)
let checks = 0

const server = createServer((request, response) => {
  if (request.url === '/health') checks += 1
  const ill = request.url === '/health' && checks > fallsIllAfterChecks
  const text = ill ? 'I do not feel well\n' : `version ${version}\n`
  response.writeHead(ill ? 500 : 200, {
    'content-type': 'text/plain',
    'content-length': text.length,
  })
  response.end(text)
})

server.keepAliveTimeout = 0
server.listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => {
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
