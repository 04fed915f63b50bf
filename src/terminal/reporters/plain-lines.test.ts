import assert from 'node:assert/strict'
import test from 'node:test'

import type { DeployEvent } from '../../events/index.ts'
import { createPlainLines } from './plain-lines.ts'

function openLines() {
  let text = ''
  let time = 0
  const screen = createPlainLines({
    stream: { write: (piece: string) => (text += piece) },
    now: () => time,
  })
  return {
    ...screen,
    lines: () => text.split('\n').slice(0, -1),
    pass: (ms: number) => (time += ms),
  }
}

test('every event is one line without colour', () => {
  const error = { code: 'unhealthy', message: 'answered\n500' }
  const events: DeployEvent[] = [
    { type: 'deployment-started', deployment: 'd-1', app: 'shop', title: 'deploy shop', steps: [] },
    { type: 'step-started', step: 'fetch' },
    { type: 'step-finished', step: 'fetch', milliseconds: 120, detail: '12 MiB' },
    { type: 'step-finished', step: 'unpack', milliseconds: 0, resumed: true },
    { type: 'output', step: 'start', line: '\u001b[31mred' },
    { type: 'step-failed', step: 'prove', milliseconds: 61_000, error },
    { type: 'undo-started', step: 'fetch' },
    { type: 'undo-finished', step: 'fetch' },
    { type: 'undo-failed', step: 'fetch', error },
    { type: 'notice', level: 'warning', text: 'disk is nearly full' },
    { type: 'notice', level: 'info', text: 'fine' },
    { type: 'deployment-finished', deployment: 'd-1', outcome: 'undone', milliseconds: 2000 },
  ]
  const screen = openLines()
  for (const event of events) screen.report(event)
  screen.note('bye')
  assert.deepEqual(screen.lines(), [
    'deploy shop (d-1)',
    'fetch: started',
    'fetch: done in 120 ms, 12 MiB',
    'unpack: done before',
    'start | \\x1b[31mred',
    'prove: failed after 1 min 01 s: answered\\n500',
    'fetch: undoing',
    'fetch: undone',
    'fetch: could not be undone: answered\\n500',
    'warning: disk is nearly full',
    'fine',
    'undone after 2.0 s',
    'bye',
  ])
})

test('progress is told every ten seconds, not at every step of it', () => {
  const screen = openLines()
  screen.report({ type: 'step-started', step: 'fetch' })
  for (let done = 0; done < 25; done++) {
    screen.pass(1000)
    screen.report({ type: 'step-progress', step: 'fetch', done, total: 30, unit: 'files' })
  }
  assert.deepEqual(screen.lines().slice(1), ['fetch: 9 of 30 files', 'fetch: 19 of 30 files'])
})

test('after closing nothing more is written', () => {
  const screen = openLines()
  screen.close()
  screen.note('late')
  assert.deepEqual(screen.lines(), [])
})
