import type { ToolConfig } from '../config/tool-config.ts'

/** docker-compose.yml of the proxy; nginx.conf is a single-file mount, so it must keep its inode. */
export function composeFile(config: ToolConfig): string {
  const certificates = `${config.letsencryptPrefixDir}/etc/letsencrypt`
  const www = config.letsencryptWwwDir
  const image = `${config.nginxDockerImage}:${config.nginxDockerVersion}`
  return `version: '3'
services:
  nginx:
    container_name: frontendproxy
    image: ${yamlText(image)}
    network_mode: host
    volumes:
      - ./nginx.conf:/etc/nginx/nginx.conf
      - ${yamlText(`${certificates}:${certificates}`)}
      - ${yamlText(`${www}:${www}`)}
    restart: always
`
}

function yamlText(text: string): string {
  return /^[\w/][\w./:@-]*$/.test(text) ? text : JSON.stringify(text)
}
