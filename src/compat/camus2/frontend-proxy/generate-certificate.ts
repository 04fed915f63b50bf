import { AppError } from '../../../errors/index.ts'
import { proxyMode, scope, type Camus2 } from '../camus2.ts'
import type { ProxyModeConfig, ToolConfig } from '../config/tool-config.ts'
import { proxyDirectory } from '../deploys-directory.ts'
import { restartLocalProxy } from '../proxy/commands.ts'
import { runLocked } from '../run-locked.ts'
import { runLogged } from './docker.ts'

/** Gets one certificate for every endpoint that wants a generated one, and makes nginx use it. */
export async function generateCertificate(camus2: Camus2): Promise<void> {
  const inner = scope(camus2, 'generating certificate with letsencrypt')
  const { config } = camus2
  const names = generatedNames(proxyMode(camus2))
  await runLocked(inner, 'generate-ssl-certificate', async () => {
    await restartLocalProxy(inner)
    if (config.autoCertContactEmail === '') {
      throw new AppError('config-invalid', 'Need autoCertContactEmail specified in the config')
    }
    if (names.length === 0) return inner.log.info('No servers requiring a certificate')
    await runLogged(inner, certbotCommand(config, names), proxyDirectory(config))
    await restartLocalProxy(inner)
  })
}

/** All names of endpoints with a generated certificate, in the order of the endpoints' labels. */
export function generatedNames({ endPoints }: ProxyModeConfig): string[] {
  return Array.from(endPoints.values()).flatMap(({ serverNames, etype }) =>
    etype.type === 'httpsWithRedirect' && etype.certificate.type === 'generated' ? serverNames : [],
  )
}

/** certbot in Docker; it answers the http-01 challenge through the folder that nginx serves. */
export function certbotCommand(config: ToolConfig, names: readonly string[]): string[] {
  const prefix = config.letsencryptPrefixDir
  const challenges = `${config.letsencryptWwwDir}/.well-known/acme-challenge`
  const options = [
    ['--rm', '--name', config.autoCertName],
    ['-v', `${prefix}/etc/letsencrypt:/etc/letsencrypt`],
    ['-v', `${prefix}/var/log/letsencrypt:/var/log/letsencrypt`],
    ['-v', `${challenges}:${challenges}`],
  ]
  const certbotOptions = [
    ['--cert-name', config.autoCertName],
    ['--preferred-challenge', 'http-01'],
    ['--webroot', '--webroot-path', config.letsencryptWwwDir],
    ['-m', config.autoCertContactEmail],
    ['--deploy-hook', 'chmod -R ag+rX /etc/letsencrypt'],
    ['--non-interactive', '--agree-tos', '--debug'],
    ...names.map((name) => ['-d', name]),
  ]
  const image = 'certbot/certbot'
  return ['docker', 'run', ...options.flat(), image, 'certonly', ...certbotOptions.flat()]
}
