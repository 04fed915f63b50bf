// A small web application in the hands of the tests: it says its version, and can be told to misbehave.
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const settings = JSON.parse(readFileSync(new URL('app.json', import.meta.url), 'utf8'))

const server = createServer((request, response) => {
  if (request.url === '/slow') return setTimeout(() => answer(response), 1500)
  if (request.url === '/stream') return stream(response)
  if (request.url === '/environment') return response.end(JSON.stringify(process.env))
  request.resume()
  request.on('end', () => answer(response))
})

function answer(response) {
  const sick = settings.healthy === false || existsSync(settings.sickWhile ?? '')
  const body = JSON.stringify({ version: settings.version, pid: process.pid })
  response.writeHead(sick ? 500 : 200, {
    'content-type': 'application/json',
    'content-length': body.length,
    'x-version': settings.version,
  })
  response.end(body)
}

function stream(response) {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let count = 0
  const timer = setInterval(() => {
    response.write(`data: ${(count += 1)}\n\n`)
    if (count === 5) response.end(clearInterval(timer))
  }, 50)
}

server.keepAliveTimeout = 0
if (settings.startDelay) await new Promise((resolve) => setTimeout(resolve, settings.startDelay))
if (settings.exits !== undefined) process.exit(settings.exits)
const place = process.env.SLUICE_SOCKET ?? { port: Number(process.env.PORT), host: '127.0.0.1' }
server.listen(place, () => console.log(`version ${settings.version} listens`))
process.on('SIGTERM', () => {
  console.log(`version ${settings.version} stops`)
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
