import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import type { NginxSettings } from '../../src/proxy/index.ts'
import { findMaster } from '../../src/proxy/nginx/nginx-program.ts'
import { identify, isAlive, runOrFail, sendSignal } from '../../src/system/index.ts'
import { afterwards } from './afterwards.ts'
import { waitUntil } from './wait-until.ts'

/** Starts an nginx of its own below `folder`, with a default site that answers `the other site`; it ends with the test. */
export async function startNginx(
  t: Pick<TestContext, 'after'>,
  folder: string,
  { program, port }: { readonly program: string; readonly port: number },
): Promise<NginxSettings> {
  const configDirectory = join(folder, 'conf.d')
  for (const name of ['conf.d', 'logs', 'temp']) mkdirSync(join(folder, name), { recursive: true })
  const settings = {
    program,
    configDirectory,
    mainConfig: join(folder, 'nginx.conf'),
    pidFile: join(folder, 'nginx.pid'),
    prefix: folder,
    user: undefined,
  }
  writeFileSync(settings.mainConfig, mainConfig(folder, port))
  await runOrFail([program, '-p', folder, '-c', settings.mainConfig])
  // It goes on by itself, and writes its pid and takes its name a moment later.
  await waitUntil(() => findMaster(settings) !== undefined, 'nginx to be up')
  const pid = Number(readFileSync(settings.pidFile, 'utf8'))
  const master = identify(pid)
  afterwards(t, async () => {
    sendSignal(pid, 'SIGTERM')
    await waitUntil(() => master === undefined || !isAlive(master), 'the end of nginx')
  })
  return settings
}

function mainConfig(folder: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 2;
worker_shutdown_timeout 5s;
pid ${folder}/nginx.pid;
error_log ${folder}/logs/error.log;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/temp/${name};`).join('\n  ')}
  include ${folder}/conf.d/*.conf;
  server { listen 127.0.0.1:${port} default_server; return 200 "the other site"; }
}
`
}
