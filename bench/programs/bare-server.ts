import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

// The least that can answer a POST: reads the body, keeps nothing, tells its port to whoever started it.
const server = createServer((incoming, outgoing) => {
  incoming.resume()
  incoming.once('end', () => {
    const text = '{"trigger":"shop","sequence":1}\n'
    outgoing.writeHead(201, { 'content-type': 'application/json', 'content-length': text.length })
    outgoing.end(text)
  })
})

server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port })
})
process.on('disconnect', () => process.exit(0))
