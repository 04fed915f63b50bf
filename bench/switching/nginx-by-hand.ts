import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { ensureTool } from '../../scripts/tools.ts'
import { runOrFail } from '../../src/system/index.ts'
import { freePort } from '../../test/support/free-port.ts'
import { startNginx } from '../../test/support/private-nginx.ts'
import type { Scope } from '../scope.ts'
import type { Rival, StartRival } from './rival.ts'
import { waitUntilAnswered } from './wait-until-answered.ts'

/** What a deploy script does: write the new port into the file, run `nginx -s reload`, go on when it returns. */
export const nginxByHand: StartRival = (scope, folder, [first]) =>
  startByHand(scope, folder, { first: first.port, site: plainSite })

/** nginx as people tune it for speed: connections to the application are kept. */
export const nginxKeptAlive: StartRival = (scope, folder, [first]) =>
  startByHand(scope, folder, { first: first.port, site: keptSite })

async function startByHand(
  scope: Scope,
  folder: string,
  { first, site }: { first: number; site: (ports: Ports) => string },
): Promise<Rival> {
  const program = await ensureTool('nginx')
  const [port, otherPort] = [await freePort(), await freePort()]
  const nginx = await startNginx(scope, join(folder, 'nginx'), { program, port: otherPort })
  const prefix = join(folder, 'nginx')
  const reload = async (upstream: number): Promise<void> => {
    writeFileSync(join(nginx.configDirectory, 'shop.conf'), site({ port, upstream }))
    await runOrFail([program, '-p', prefix, '-c', nginx.mainConfig, '-s', 'reload'])
  }
  await reload(first)
  await waitUntilAnswered(port)
  return { port, connect: (release) => reload(release.port) }
}

interface Ports {
  readonly port: number
  readonly upstream: number
}

function plainSite({ port, upstream }: Ports): string {
  return `server {
  listen 127.0.0.1:${port};
  location / { proxy_pass http://127.0.0.1:${upstream}; proxy_set_header Host $host; }
}
`
}

function keptSite({ port, upstream }: Ports): string {
  return `upstream shop { server 127.0.0.1:${upstream}; keepalive 32; }
server {
  listen 127.0.0.1:${port};
  access_log logs/access.log;
  location / {
    proxy_pass http://shop;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
  }
}
`
}
