import type { Host } from '../host/index.ts'
import type { HostDeeds, HostDoor, HostFace } from './host-door.ts'

/** The real host. Its code, with schemas and YAML, is loaded only when a command needs it. */
export function openHostDoor(): HostDoor {
  return {
    async readSettings(place) {
      return await (await loadHost()).readHostSettings(place)
    },
    async open({ place, ...options }) {
      const face = await loadHost()
      const settings = await face.readHostSettings(place)
      return bindDeeds(face, face.openHost({ settings, ...options }))
    },
    async init(options) {
      return await (await loadHost()).initHost(options)
    },
    async keep(place, signal) {
      const host = await loadHost()
      await host.serveKeeper({ settings: await host.readHostSettings(place), signal })
    },
    async serveProxy(place) {
      const proxy = await (
        await import('../proxy/index.ts')
      ).serveProxy({ ...place, signals: true })
      await proxy.ended
    },
    async manifestSchema() {
      return (await import('../release/index.ts')).manifestJsonSchema()
    },
    async settingsSchema() {
      return (await loadHost()).settingsJsonSchema()
    },
  }
}

type AnyDeed = (host: Host, ...words: readonly unknown[]) => unknown

/** Every function of the face with the opened host in its first place; `HostDeeds` names only those that take it there. */
function bindDeeds(face: HostFace, host: Host): HostDeeds {
  const bound = Object.entries(face).map(([name, deed]) => [
    name,
    (...words: readonly unknown[]) => (deed as AnyDeed)(host, ...words),
  ])
  return Object.fromEntries(bound) as HostDeeds
}

function loadHost() {
  return import('../host/index.ts')
}
