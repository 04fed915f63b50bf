import assert from 'node:assert/strict'
import test from 'node:test'

import type { AppStanding } from '../../host/index.ts'
import type { AppDesire, DeploymentPhase } from '../../protocol/index.ts'
import { chooseAct, isOwnFailure, reportable } from './choose-act.ts'
import type { PresentDesire } from './serve-context.ts'
import type { ToldDeployment } from './told.ts'

const digest = 'ab'.repeat(32)
const gated = { epoch: 'e1', deployment: 'd2', generation: 2 }
const earlier = { epoch: 'e1', deployment: 'd1', generation: 1 }

function want(phase: DeploymentPhase, more: Partial<AppDesire> = {}): PresentDesire {
  const release = { name: 'shop', version: '2', digest, size: 1, file: 'shop-2.tar.gz' }
  const desire = {
    app: 'shop',
    generation: 2,
    deployment: 'd2',
    by: 'ada',
    release,
    phase,
    ...more,
  }
  return { desire, gated }
}

const fresh: AppStanding = {
  managed: earlier,
  isDisturbed: false,
  hold: undefined,
  quarantine: {},
  unfinished: undefined,
  last: undefined,
  undone: 0,
}

function undone(code: string, count = 1): AppStanding {
  const error = { code, message: code, step: 'prove' }
  const last = {
    deployment: '20261120-1',
    outcome: 'undone' as const,
    isCommitted: false,
    error,
    traffic: undefined,
    endedAt: 1_000_000,
  }
  return { ...fresh, last, undone: count }
}

function told(state: ToldDeployment['state'], code?: string): ToldDeployment {
  return { deployment: 'd2', generation: 2, state, code, message: code }
}

const actOf = (...words: Parameters<typeof chooseAct>): string => {
  const act = chooseAct(...words)
  switch (act.act) {
    case 'rest':
      return `rest ${act.tell?.state ?? ''}`.trim()
    case 'continue':
      return `continue ${act.direction}`
    case 'deploy':
    case 'release-hold':
      return act.act
  }
}

test('what is wanted and was never tried is deployed, in every phase but back', () => {
  for (const phase of ['prepare', 'switch', 'commit'] as const)
    assert.equal(actOf(want(phase), fresh, undefined), 'deploy')
  const act = chooseAct(want('back'), fresh, undefined)
  assert.ok(act.act === 'rest')
  assert.deepEqual([act.tell?.state, act.tell?.error?.code], ['undone', 'taken-back'])
  assert.equal(actOf(want('back'), fresh, told('undone')), 'rest')
})

test('what was cut off goes on when it is still wanted, and back in every other case', () => {
  const standing = { ...fresh, unfinished: { deployment: 'x', gated } }
  assert.equal(actOf(want('prepare'), standing, undefined), 'continue forward')
  assert.equal(actOf(want('commit'), standing, undefined), 'continue forward')
  assert.equal(actOf(want('back'), standing, undefined), 'continue back')
  assert.equal(actOf(undefined, standing, undefined), 'continue back')
  const other = { ...fresh, unfinished: { deployment: 'x', gated: earlier } }
  assert.equal(actOf(want('commit'), other, undefined), 'continue back')
  const epoch = { ...fresh, unfinished: { deployment: 'x', gated: { ...gated, epoch: 'e0' } } }
  assert.equal(actOf(want('commit'), epoch, undefined), 'continue back')
})

test('what a person left unfinished is for the deployment to settle', () => {
  const standing = { ...fresh, unfinished: { deployment: 'x', gated: undefined } }
  assert.equal(actOf(want('prepare'), standing, undefined), 'deploy')
  assert.equal(actOf(undefined, standing, undefined), 'rest')
})

test('what is reached is told and never done again, not even when it is to go back', () => {
  for (const phase of ['prepare', 'switch', 'commit', 'back'] as const)
    assert.equal(actOf(want(phase), { ...fresh, managed: gated }, undefined), 'rest committed')
  const owed = undone('x')
  const partial = { ...owed, last: { ...owed.last, outcome: 'partial', isCommitted: true } }
  assert.equal(actOf(want('commit'), partial as AppStanding, undefined), 'rest committed')
})

test('an older generation is old news, one of another epoch is not', () => {
  const newer = { ...gated, generation: 3, deployment: 'd3' }
  assert.equal(actOf(want('commit'), { ...fresh, managed: newer }, undefined), 'rest')
  const elsewhere = { ...newer, epoch: 'e0' }
  assert.equal(actOf(want('commit'), { ...fresh, managed: elsewhere }, undefined), 'deploy')
})

test('a hold comes before everything that is not reached, until it is released', () => {
  const held = { ...fresh, hold: { by: 'bob', at: 500, deployment: 'x' } }
  assert.equal(actOf(want('commit'), held, undefined), 'rest held')
  assert.equal(actOf(want('back'), held, undefined), 'rest held')
  assert.equal(actOf(want('commit', { holdReleasedAt: 500 }), held, undefined), 'rest held')
  assert.equal(actOf(want('commit', { holdReleasedAt: 501 }), held, undefined), 'release-hold')
})

test('what a person has changed since is brought back once the hold is released', () => {
  const disturbed = { ...fresh, managed: gated, isDisturbed: true }
  const held = { ...disturbed, hold: { by: 'bob', at: 500, deployment: 'x' } }
  assert.equal(actOf(want('commit'), held, told('committed')), 'rest held')
  assert.equal(actOf(want('commit'), disturbed, told('committed')), 'deploy')
})

test('what was undone is tried again only when the commit stands', () => {
  for (const phase of ['prepare', 'switch', 'back'] as const) {
    assert.equal(actOf(want(phase), undone('unhealthy'), undefined), 'rest undone')
    if (phase !== 'back') assert.equal(actOf(want(phase), fresh, told('undone')), 'rest')
  }
  assert.equal(actOf(want('commit'), undone('unhealthy'), undefined), 'deploy')
  assert.equal(actOf(want('commit'), fresh, told('undone')), 'deploy')
})

test('a missing word and a crash cost no time, our own failures ever more, until it is enough', () => {
  const notBefore = (standing: AppStanding): unknown => {
    const act = chooseAct(want('commit'), standing, undefined)
    return act.act === 'deploy' ? act.notBefore : act.act
  }
  for (const code of ['unconfirmed', 'taken-back', 'interrupted'])
    assert.equal(notBefore(undone(code)), 0)
  const first = notBefore(undone('unhealthy', 1)) as number
  const second = notBefore(undone('unhealthy', 2)) as number
  assert.ok(first > 1_000_000 && second - 1_000_000 === 2 * (first - 1_000_000))
  assert.equal(notBefore(undone('unhealthy', 7)), 'rest')
})

test('a release that is rejected is refused with the words of whoever rejected it', () => {
  const entry = { name: 'shop', version: '2', reason: 'carts were empty', by: 'bob', at: 1 }
  const act = chooseAct(want('commit'), { ...fresh, quarantine: { [digest]: entry } }, undefined)
  assert.ok(act.act === 'rest')
  assert.deepEqual(act.tell, {
    state: 'refused',
    error: { code: 'quarantined', message: 'it was rejected by bob: carts were empty' },
  })
})

test('what could not be undone is left to a person', () => {
  const standing = undone('undo-failed')
  const partial = { ...standing, last: { ...standing.last, outcome: 'partial' } } as AppStanding
  assert.equal(actOf(want('commit'), partial, undefined), 'rest failed')
})

test('only what is the fault of the release rejects it everywhere', () => {
  const faults = [
    ['unhealthy', 'prove'],
    ['bake-failed', 'bake'],
    ['command-failed', 'migrate'],
    ['command-timeout', 'prestart'],
    ['start-failed', 'start'],
    ['archive-unsafe', 'unpack'],
    ['manifest-invalid', undefined],
  ] as const
  for (const [code, step] of faults)
    assert.ok(isOwnFailure({ code, ...(step === undefined ? {} : { step }) }), code)
  const others = [
    ['disk-full', 'unpack'],
    ['io-failed', 'start'],
    ['locked', undefined],
    ['unconfirmed', 'await-confirm'],
    ['taken-back', 'await-go'],
    ['switch-failed', 'switch'],
    ['proxy-failed', 'switch'],
    ['digest-mismatch', 'fetch'],
    ['command-failed', 'switch'],
    ['interrupted', 'prove'],
    ['port-taken', 'start'],
    ['template-invalid', 'render'],
  ] as const
  for (const [code, step] of others)
    assert.ok(!isOwnFailure({ code, ...(step === undefined ? {} : { step }) }), code)
})

test('an error is told without its step, and no longer than the protocol has room for', () => {
  const long = 'x'.repeat(10_000)
  const error = { code: 'unhealthy', message: long, output: `${long}end`, step: 'prove' }
  const { message, output, ...rest } = reportable(error)
  assert.deepEqual([message.length, output?.length, output?.endsWith('end')], [8192, 8192, true])
  assert.deepEqual(rest, { code: 'unhealthy' })
})
