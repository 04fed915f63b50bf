import assert from 'node:assert/strict'
import test from 'node:test'

import type { DeployEvent } from '../../events/index.ts'
import { styleFor } from '../style.ts'
import { textWidth } from '../text-width.ts'
import { createLiveTree } from './live-tree.ts'

/** What a person sees: understands newline, moving up and clearing below, as the tree uses them. */
class Terminal {
  readonly isTTY = true
  columns: number
  rows: number
  #lines: string[] = ['']
  #row = 0

  constructor(columns: number, rows = 24) {
    this.columns = columns
    this.rows = rows
  }

  write(text: string): void {
    // oxlint-disable-next-line no-control-regex
    for (const part of text.split(/(\u001b\[[0-9;]*[A-Za-z]|\n|\r)/)) this.#take(part)
  }

  screen(): string[] {
    return this.#lines.map((line) => line.trimEnd()).filter((line) => line !== '')
  }

  #take(part: string): void {
    // oxlint-disable-next-line no-control-regex
    const up = /^\u001b\[(\d+)A$/.exec(part)?.[1]
    if (part === '\n') {
      this.#row++
      this.#lines[this.#row] ??= ''
    } else if (up !== undefined) {
      assert.ok(Number(up) <= this.#row, 'moved above its own lines')
      this.#row -= Number(up)
    } else if (part === '\u001b[0J') {
      this.#lines = [...this.#lines.slice(0, this.#row), '']
    } else if (!part.startsWith('\u001b') && part !== '\r') {
      assert.ok(textWidth(part) <= this.columns, `"${part}" is wider than the terminal`)
      this.#lines[this.#row] = (this.#lines[this.#row] ?? '') + part
    }
  }
}

const started: DeployEvent = {
  type: 'deployment-started',
  deployment: 'd-1',
  app: 'shop',
  title: 'deploy shop 1.4.2',
  steps: ['fetch', 'start', 'prove', 'switch'],
}

function openTree(terminal: Terminal, verbose = false) {
  let time = 0
  const environment = { TERM: 'xterm' }
  const screen = createLiveTree({
    stream: terminal,
    style: () => styleFor({ stream: terminal, environment, noColor: true, now: 0 }),
    now: () => time,
    verbose,
  })
  return { ...screen, pass: (milliseconds: number) => (time += milliseconds) }
}

test('the running step stands between what is done and what waits', (t) => {
  const terminal = new Terminal(80)
  const tree = openTree(terminal)
  t.after(tree.close)
  tree.report(started)
  tree.report({ type: 'step-started', step: 'fetch' })
  tree.report({ type: 'step-finished', step: 'fetch', milliseconds: 120, detail: '12 MiB' })
  tree.report({ type: 'step-started', step: 'start' })
  tree.pass(1500)
  tree.note('hello')
  assert.deepEqual(terminal.screen(), [
    'deploy shop 1.4.2  d-1',
    '  ✓ fetch     120 ms    12 MiB',
    'hello',
    '  ⠋ start     1.5 s',
    '  · prove',
    '  · switch',
  ])
})

test('progress has a bar, and the last five lines of output stand under their step', (t) => {
  const terminal = new Terminal(80)
  const tree = openTree(terminal)
  t.after(tree.close)
  tree.report({ ...started, steps: ['fetch'] })
  tree.report({ type: 'step-started', step: 'fetch' })
  tree.report({ type: 'step-progress', step: 'fetch', done: 512, total: 1024, unit: 'bytes' })
  for (let line = 1; line <= 7; line++) {
    tree.report({ type: 'output', step: 'fetch', line: `line ${line}\u001b[2J` })
  }
  tree.note('')
  assert.deepEqual(terminal.screen(), [
    'deploy shop 1.4.2  d-1',
    '  ⠋ fetch     0 ms      ████████░░░░░░░░ 512 B of 1.0 KiB',
    ...[3, 4, 5, 6, 7].map((line) => `    │ line ${line}\\x1b[2J`),
  ])
})

test('a failure and its undoing stay on the screen, and no step waits any more', () => {
  const terminal = new Terminal(80)
  const tree = openTree(terminal)
  const error = { code: 'unhealthy', message: 'answered 500' }
  tree.report(started)
  tree.report({ type: 'step-started', step: 'fetch' })
  tree.report({ type: 'step-finished', step: 'fetch', milliseconds: 1 })
  tree.report({ type: 'step-started', step: 'start' })
  tree.report({ type: 'step-failed', step: 'start', milliseconds: 20, error })
  tree.report({ type: 'undo-started', step: 'start' })
  tree.report({ type: 'undo-failed', step: 'start', error })
  tree.report({ type: 'undo-started', step: 'fetch' })
  tree.report({ type: 'undo-finished', step: 'fetch' })
  tree.report({ type: 'notice', level: 'warning', text: 'look at it' })
  tree.close()
  assert.deepEqual(terminal.screen(), [
    'deploy shop 1.4.2  d-1',
    '  ✓ fetch     1 ms',
    '  ✗ start     20 ms     answered 500',
    '  ✗ start     could not be undone: answered 500',
    '  ↩ fetch     undone',
    '  ! look at it',
  ])
})

test('closing leaves only what happened, and later events are not shown', () => {
  const terminal = new Terminal(80)
  const tree = openTree(terminal)
  tree.report(started)
  tree.report({ type: 'step-started', step: 'fetch' })
  tree.close()
  tree.close()
  tree.report({ type: 'step-finished', step: 'fetch', milliseconds: 1 })
  assert.deepEqual(terminal.screen(), ['deploy shop 1.4.2  d-1'])
})

test('a short and narrow terminal is never overrun', (t) => {
  const terminal = new Terminal(24, 4)
  const tree = openTree(terminal)
  t.after(tree.close)
  tree.report({ ...started, steps: ['one', 'two', 'three', 'four', 'five'], title: 'x'.repeat(90) })
  tree.report({ type: 'step-started', step: 'one' })
  tree.report({ type: 'step-finished', step: 'one', milliseconds: 1, detail: 'd'.repeat(90) })
  tree.report({ type: 'step-started', step: 'two' })
  tree.note('')
  assert.deepEqual(terminal.screen().slice(-3), [
    '  ⠋ two       0 ms',
    '  · three',
    '  · and 2 more',
  ])
})

test('a terminal made narrower is cleared by the rows that its wrapped lines take', (t) => {
  const written: string[] = []
  const stream = { isTTY: true, columns: 60, rows: 24, write: (text: string) => written.push(text) }
  const style = () => styleFor({ stream, environment: { TERM: 'x' }, noColor: true, now: 0 })
  const tree = createLiveTree({ stream, style, now: () => 0, verbose: false })
  t.after(tree.close)
  tree.report({ ...started, steps: ['a-step-with-a-name-of-thirty-fo', 'b'] })
  stream.columns = 20
  tree.note('narrow')
  assert.ok(written.at(-1)?.startsWith('\u001b[3A'), JSON.stringify(written.at(-1)))
})

test('a resumed step says that it was done before, and verbose keeps the output', (t) => {
  const terminal = new Terminal(80)
  const tree = openTree(terminal, true)
  t.after(tree.close)
  tree.report({ ...started, steps: ['start'] })
  tree.report({ type: 'step-finished', step: 'fetch', milliseconds: 0, resumed: true })
  tree.report({ type: 'output', step: 'start', line: 'kept' })
  assert.deepEqual(terminal.screen().slice(1), [
    '  ✓ fetch     done before',
    '    │ kept',
    '  · start',
  ])
})
