import { readlinkSync } from 'node:fs'
import type { Server } from 'node:http'

import {
  makeDirectory,
  pathExists,
  removeFile,
  replaceFile,
  swapLink,
  systemClock,
} from '../../system/index.ts'
import type { ProxyPlace } from '../proxy-settings.ts'
import { openControlServer, type ProxyControl } from './control-server.ts'
import { controlLink, controlSocket, proxyPidPath } from './serve-files.ts'

/** The place in the run directory by which a proxy process is found. */
export interface ControlSocket {
  /** Names this process as the one that serves. */
  publish(): void
  /** Ends it at once, without a word to whoever asks. */
  abandon(): void
  /** Ends it when what was asked is answered. */
  close(): Promise<void>
}

const lookEvery = 1000

/**
 * Opens the control socket of this process. Where somebody clears the run directory it is made again: a proxy that
 * nobody finds would hold its ports against every other.
 */
export async function openControlSocket(
  place: ProxyPlace,
  control: ProxyControl,
): Promise<ControlSocket> {
  const path = controlSocket(place, process.pid)
  let server = await openControlServer(path, control)
  let opening = false
  const openAgain = async (): Promise<void> => {
    if (opening || pathExists(path) || control.status().draining) return
    opening = true
    try {
      // Closed first, because closing removes the path.
      server.close()
      server.closeAllConnections()
      makeDirectory(place.runDir)
      server = await openControlServer(path, control)
      publishControl(place)
    } finally {
      opening = false
    }
  }
  const timer = setInterval(() => void openAgain().catch(() => undefined), lookEvery)
  return {
    publish: () => publishControl(place),
    abandon: () => {
      clearInterval(timer)
      server.close()
    },
    close: async () => {
      clearInterval(timer)
      await closeAnswered(server)
      if (isLinkOurs(place)) {
        removeFile(controlLink(place))
        removeFile(proxyPidPath(place))
      }
      removeFile(path)
    },
  }
}

function publishControl(place: ProxyPlace): void {
  swapLink(controlSocket(place, process.pid), controlLink(place))
  replaceFile(proxyPidPath(place), `${process.pid}\n`, { mode: 0o644 })
}

/** The answer to whoever asked for a hand-over may still be on its way. */
async function closeAnswered(server: Server): Promise<void> {
  const answered = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  server.closeIdleConnections()
  await Promise.race([answered, systemClock.sleep(500)])
  server.closeAllConnections()
}

/** After a hand-over the link is the successor's. */
function isLinkOurs(place: ProxyPlace): boolean {
  try {
    return readlinkSync(controlLink(place)) === controlSocket(place, process.pid)
  } catch {
    return false
  }
}
