import { testProxy, type ProxyUnderTest } from '../../../test/conformance/proxy-conformance.ts'
import { proxySettings } from '../../../test/support/embedded-proxy.ts'
import { startNginx } from '../../../test/support/private-nginx.ts'
import { toolOrSkip } from '../../../test/support/tools.ts'
import { createNginxDriver } from './nginx-driver.ts'

function underTest(mode: 'socket' | 'reload'): ProxyUnderTest {
  return {
    appKind: mode === 'socket' ? 'socket' : 'tcp',
    keepsConnections: mode === 'socket',
    loadSwitches: mode === 'socket' ? 200 : 0,
    open: async (t, place) => {
      const program = await toolOrSkip(t, 'nginx')
      if (program === undefined) return undefined
      const settings = await proxySettings({ driver: 'nginx', mode })
      const { port } = settings.http
      const nginx = await startNginx(t, `${place.root}/nginx`, { program, port })
      return {
        driver: createNginxDriver({ ...place, mode, settings: { ...settings, nginx } }),
        port,
      }
    },
  }
}

testProxy('nginx by socket', underTest('socket'))
testProxy('nginx by reload', underTest('reload'))
