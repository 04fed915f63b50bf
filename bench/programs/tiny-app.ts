import { createServer } from 'node:http'

// The smallest application that can be deployed: it starts fast, and ends at once when it is told to.
const { PORT, SLUICE_SOCKET } = process.env
const body = 'tiny'
const server = createServer((_request, response) => {
  response.writeHead(200, { 'Content-Length': body.length })
  response.end(body)
})
process.on('SIGTERM', () => process.exit(0))
server.listen(SLUICE_SOCKET ?? { port: Number(PORT), host: '127.0.0.1' })
