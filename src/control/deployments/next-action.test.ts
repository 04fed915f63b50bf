import assert from 'node:assert/strict'
import test from 'node:test'

import * as fc from 'fast-check'

import {
  isFinished,
  nextDeploymentStates,
  nextHostStates,
  type DeploymentPhase,
  type DeploymentState,
  type HostDeploymentState,
} from '../../protocol/index.ts'
import { nextAction, type DeploymentFacts, type HostFacts } from './next-action.ts'

const limits = {
  ...{ silentAfter: 60, reach: 10_000, prepare: 1000, switch: 500, commit: 500, back: 500 },
}
const now = 100_000
const cancelled = { code: 'aborted', message: 'called off' }

/** Hosts as words: `ready`, `silent ready`, `owed silent waiting`. */
function hostsOf(...words: readonly string[]): HostFacts[] {
  return words.map((word, index) => {
    const marks = word.split(' ')
    const heardAt = marks.includes('silent') ? now - 61 : now
    const state = marks.at(-1) as HostDeploymentState
    const agent = `a${index}`
    return { agent, name: agent, state, owed: marks.includes('owed'), heardAt, error: null }
  })
}

function act(
  state: DeploymentState,
  words: readonly string[],
  more: Partial<DeploymentFacts> = {},
) {
  const deployment = { state, createdAt: now, deadline: now + 1, stop: null, ...more }
  const action = nextAction(deployment, hostsOf(...words), { now, limits })
  if (action === undefined) return 'wait'
  const debts = [...action.owed].map(([agent, owed]) => `${owed ? '+' : '-'}${agent}`)
  const told = action.tell === undefined ? [] : [`${action.tell}:${action.told.join(',')}`]
  return [action.to, ...told, ...debts].join(' ')
}

const cases: readonly (readonly [DeploymentState, readonly string[], string])[] = [
  ['requested', ['silent waiting', 'owed silent waiting'], 'requested +a0'],
  ['requested', ['owed silent waiting'], 'wait'],
  ['requested', ['owed waiting', 'waiting', 'silent waiting'], 'preparing -a0 +a2'],
  ['preparing', ['ready', 'preparing'], 'wait'],
  ['preparing', ['ready', 'waiting'], 'wait'],
  ['preparing', ['ready', 'ready'], 'switching switch:a0,a1'],
  ['preparing', ['ready', 'silent preparing'], 'switching switch:a0 +a1'],
  ['preparing', ['ready', 'preparing', 'silent waiting'], 'preparing +a2'],
  ['preparing', ['preparing', 'owed ready'], 'preparing -a1'],
  ['preparing', ['silent preparing', 'owed silent waiting'], 'requested +a0'],
  ['preparing', ['ready', 'undone'], 'undoing back:a0,a1'],
  ['preparing', ['ready', 'refused'], 'undoing back:a0,a1'],
  ['preparing', ['held', 'owed silent waiting'], 'undoing back:a0,a1'],
  ['switching', ['switched', 'ready'], 'wait'],
  ['switching', ['switched', 'silent ready'], 'committed commit:a0,a1 +a1'],
  ['switching', ['switched', 'switched', 'owed waiting'], 'committed commit:a0,a1,a2'],
  ['switching', ['silent switched'], 'committed commit:a0'],
  ['switching', ['silent ready'], 'wait'],
  ['switching', ['switched', 'undone'], 'undoing back:a0,a1'],
  ['switching', ['switched', 'owed undone'], 'committed commit:a0,a1'],
  ['committed', ['switched', 'committed'], 'wait'],
  ['committed', ['committed', 'committed'], 'succeeded'],
  ['committed', ['committed', 'undone'], 'succeeded +a1'],
  ['committed', ['switched', 'undone'], 'committed +a1'],
  ['committed', ['committed', 'silent switched'], 'succeeded +a1'],
  ['committed', ['committed', 'failed'], 'partial'],
  ['committed', ['committed', 'owed failed'], 'partial'],
  ['committed', ['switched', 'failed'], 'wait'],
  ['undoing', ['undone', 'switched'], 'wait'],
  ['undoing', ['undone', 'refused', 'held'], 'undone'],
  ['undoing', ['undone', 'silent ready'], 'undone +a1'],
  ['undoing', ['undone', 'ready', 'silent ready'], 'undoing +a2'],
  ['undoing', ['undone', 'failed'], 'partial'],
  ['undoing', ['undone', 'committed'], 'undone'],
  ['succeeded', ['committed', 'owed undone'], 'wait'],
  ['undone', ['undone'], 'wait'],
  ['partial', ['failed'], 'wait'],
]

test('each state goes on when, and only when, its hosts are as far as that needs', () => {
  for (const [state, words, expected] of cases)
    assert.equal(act(state, words), expected, `${state}: ${words.join(' | ')}`)
})

test('after a deadline nobody is waited for', () => {
  const late: readonly (readonly [DeploymentState, readonly string[], string])[] = [
    ['preparing', ['ready', 'preparing'], 'undoing back:a0,a1'],
    ['preparing', ['ready', 'silent preparing'], 'switching switch:a0 +a1'],
    ['switching', ['switched', 'ready'], 'undoing back:a0,a1'],
    ['switching', ['silent ready'], 'undoing back:a0'],
    ['committed', ['committed', 'switched'], 'succeeded +a1'],
    ['undoing', ['undone', 'ready'], 'partial +a1'],
    ['undoing', ['undone', 'waiting'], 'undone +a1'],
  ]
  for (const [state, words, expected] of late)
    assert.equal(act(state, words, { deadline: now }), expected, `${state}: ${words.join(' | ')}`)
  const old = { createdAt: now - limits.reach, deadline: null }
  assert.equal(act('requested', ['owed silent waiting'], old), 'undoing back:a0')
})

test('what is called off goes back before its commit and stands after it', () => {
  const stop = cancelled
  for (const state of ['requested', 'preparing', 'switching'] as const)
    assert.equal(act(state, ['switched', 'switched'], { stop }), 'undoing back:a0,a1', state)
  assert.equal(act('committed', ['committed', 'switched'], { stop }), 'wait')
})

test('a failure names the host and what it said', () => {
  const [first, second] = hostsOf('ready', 'undone')
  assert.ok(first !== undefined && second !== undefined)
  const error = { code: 'unhealthy', message: 'no answer', hint: 'look', output: 'secret words' }
  const deployment = { state: 'preparing', createdAt: now, deadline: null, stop: null } as const
  const hosts = [first, { ...second, error }]
  assert.deepEqual(nextAction(deployment, hosts, { now, limits })?.error, {
    code: 'unhealthy',
    message: 'host a1 went back: no answer',
    hint: 'look',
  })
})

// Any interleaving of what hosts report, of time, silence and calling off.

interface World {
  readonly deployment: { state: DeploymentState; deadline: number | null; outcomes: number }
  readonly hosts: (HostFacts & { phase: DeploymentPhase })[]
  now: number
  stop: typeof cancelled | null
}

const anyEvent = fc.oneof(
  { weight: 8, arbitrary: fc.record({ host: fc.nat(3), pick: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 600 }) }) },
  { weight: 2, arbitrary: fc.record({ poll: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constant({ cancel: true }) },
)

test('whatever happens in whatever order, nobody switches early and there is one outcome', () => {
  const events = fc.array(anyEvent, { maxLength: 40 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), events, (count, happened) => {
      const world = newWorld(count)
      settle(world)
      for (const event of happened) {
        apply(world, event)
        settle(world)
      }
      // Everybody answers for long enough: it comes to an end.
      for (let round = 0; round < 30; round++) {
        world.now += 400
        world.hosts.forEach((_host, index) => apply(world, { poll: index }))
        settle(world)
      }
      assert.ok(isFinished(world.deployment.state), world.deployment.state)
      assert.equal(world.deployment.outcomes, 1)
    }),
    { numRuns: 2000 },
  )
})

function newWorld(count: number): World {
  const hosts = Array.from({ length: count }, (_, index) => ({
    ...{ agent: `a${index}`, name: `a${index}`, state: 'waiting' as const, owed: false },
    ...{ heardAt: null, error: null, phase: 'prepare' as const },
  }))
  return { deployment: { state: 'requested', deadline: null, outcomes: 0 }, hosts, now, stop: null }
}

type Happened = Partial<
  Readonly<{ host: number; pick: number; pass: number; poll: number; cancel: boolean }>
>

function apply(world: World, { host, pick = 0, pass, poll, cancel }: Happened): void {
  if (pass !== undefined) world.now += pass
  if (cancel === true) world.stop = cancelled
  const heard = host ?? poll
  const found = heard === undefined ? undefined : world.hosts[heard]
  if (found === undefined) return
  const reported = host === undefined ? found.state : reportOf(found, pick)
  world.hosts[world.hosts.indexOf(found)] = { ...found, heardAt: world.now, state: reported }
}

/** What a host in its phase may report next; the same again now and then. */
function reportOf({ state, phase }: World['hosts'][number], pick: number): HostDeploymentState {
  const forbidden: Record<DeploymentPhase, readonly HostDeploymentState[]> = {
    prepare: ['switched', 'committed'],
    switch: ['committed'],
    commit: [],
    back: ['preparing', 'ready', 'switched', 'committed'],
  }
  const next: readonly HostDeploymentState[] = nextHostStates[state]
  const possible = next.filter((to) => !forbidden[phase].includes(to))
  return possible[pick] ?? state
}

function settle(world: World): void {
  for (let step = 0; ; step++) {
    assert.ok(step < 10, 'it does not come to rest')
    const { deployment, hosts, now: present, stop } = world
    const facts = { ...deployment, createdAt: now, stop }
    const action = nextAction(facts, hosts, { now: present, limits })
    if (action === undefined) return
    assertSound(world, action.to)
    for (const [index, host] of hosts.entries()) {
      const owed = action.owed.get(host.agent) ?? host.owed
      const isTold = action.told.includes(host.agent)
      if (isTold && action.tell === 'switch')
        assert.ok(['ready', 'switched', 'committed'].includes(host.state))
      const phase = isTold && action.tell !== undefined ? action.tell : host.phase
      hosts[index] = { ...host, owed, phase }
    }
    if (action.to === 'committed' && deployment.state === 'switching')
      for (const { owed, state } of hosts)
        assert.ok(owed || ['switched', 'committed'].includes(state))
    if (isFinished(action.to)) deployment.outcomes += 1
    deployment.state = action.to
    deployment.deadline = action.deadline
  }
}

function assertSound({ deployment, hosts, now: present }: World, to: DeploymentState): void {
  const next: readonly string[] = nextDeploymentStates[deployment.state]
  assert.ok(to === deployment.state || next.includes(to), `${deployment.state} → ${to}`)
  if (to !== 'switching' || deployment.state === to) return
  const reached = hosts.filter(({ heardAt }) => heardAt !== null && present - heardAt <= 60)
  assert.ok(reached.every(({ state }) => ['ready', 'switched', 'committed'].includes(state)))
}
