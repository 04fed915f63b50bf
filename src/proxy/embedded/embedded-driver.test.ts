import { existsSync } from 'node:fs'

import { builtProgram } from '../../../test/support/tools.ts'
import { testProxy, type ProxyUnderTest } from '../../../test/conformance/proxy-conformance.ts'
import { embeddedOptions } from '../../../test/support/embedded-proxy.ts'
import { createEmbeddedDriver } from './embedded-driver.ts'

function underTest(command: readonly string[] | undefined): ProxyUnderTest {
  return {
    appKind: 'tcp',
    keepsConnections: true,
    loadSwitches: 200,
    open: async (t, place) => {
      const options = await embeddedOptions(t, place, command === undefined ? {} : { command })
      return { driver: createEmbeddedDriver(options), port: options.settings.http.port }
    },
  }
}

testProxy('embedded on Node', underTest(undefined))

const built = findBuilt()
if (built !== undefined) testProxy('embedded as built', underTest([built, 'proxy', 'serve']))

function findBuilt(): string | undefined {
  try {
    const program = builtProgram('sluice')
    return existsSync(program) ? program : undefined
  } catch {
    return undefined
  }
}
