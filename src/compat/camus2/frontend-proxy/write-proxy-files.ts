import { statSync } from 'node:fs'
import { join } from 'node:path'

import { renderTemplate } from '../../../host/index.ts'
import { overwriteInPlace, replaceFile } from '../../../system/index.ts'
import type { ProxyModeConfig, ToolConfig } from '../config/tool-config.ts'
import { proxyDirectory } from '../deploys-directory.ts'
import type { LiveEndPoint } from '../proxy/actions.ts'
import { renderTemplateFile } from '../release/expand-template.ts'
import { camus2Dialect } from '../release/mustache-dialect.ts'
import { composeFile } from './compose-file.ts'
import { nginxContext, type NginxContext } from './nginx-context.ts'
import { nginxTemplate } from './nginx-template.ts'

/** Writes the folder that Docker Compose runs the proxy from. nginx.conf keeps its inode: the container mounts it. */
export function writeProxyFiles(
  config: ToolConfig,
  proxy: ProxyModeConfig,
  live: readonly LiveEndPoint[],
): void {
  const directory = proxyDirectory(config)
  const context = nginxContext({ config, proxy, live, fileExists: isFile })
  const nginxConf = renderNginxConf(proxy, context)
  replaceFile(join(directory, 'docker-compose.yml'), composeFile(config), { mode: 0o644 })
  replaceFile(join(directory, 'nginx.ctx.json'), JSON.stringify(context), { mode: 0o644 })
  overwriteInPlace(join(directory, 'nginx.conf'), nginxConf, { mode: 0o644 })
}

function renderNginxConf(proxy: ProxyModeConfig, context: NginxContext): string {
  if (proxy.nginxConfTemplatePath !== undefined) {
    return renderTemplateFile(proxy.nginxConfTemplatePath, context)
  }
  return renderTemplate({
    file: 'nginx.conf.tpl',
    text: nginxTemplate,
    context,
    dialect: camus2Dialect,
    loadPartial: () => undefined,
  })
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
