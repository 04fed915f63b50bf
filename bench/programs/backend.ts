import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

// A release in the hands of a bench: answers its label on a port and on a unix socket. Ends when its parent does.
const [label = '', socket = ''] = process.argv.slice(2)

const answer: RequestListener = (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': label.length })
  response.end(label)
}

function listen(place: { path: string } | { port: number; host: string }): Promise<Server> {
  const server = createServer(answer)
  // Only the proxy in front may end a connection.
  server.keepAliveTimeout = 0
  return new Promise((resolve) => server.listen(place, () => resolve(server)))
}

process.umask(0)
process.on('disconnect', () => process.exit(0))
void Promise.all([listen({ path: socket }), listen({ port: 0, host: '127.0.0.1' })]).then(
  ([, open]) => process.send?.({ port: (open.address() as AddressInfo).port }),
)
