import assert from 'node:assert/strict'
import test from 'node:test'

import { createMetrics } from './metrics.ts'
import { addProcessMetrics } from './process-metrics.ts'

test('counters, summaries and observed values make a page of the text format', async () => {
  const metrics = createMetrics()
  const asked = metrics.counter('asked_total', 'Questions.')
  asked.add({ path: '/a', code: '200' })
  asked.add({ path: '/a', code: '200' })
  asked.add({ path: 'q"\\\n', code: '404' })
  metrics.summary('took_seconds', 'Time.').observe(1.5)
  metrics.observed('held', 'Now.', { type: 'gauge', read: () => [[{}, 7]] })
  assert.equal(
    await metrics.render(),
    [
      '# HELP asked_total Questions.',
      '# TYPE asked_total counter',
      'asked_total{path="/a",code="200"} 2',
      'asked_total{path="q\\"\\\\\\n",code="404"} 1',
      '# HELP took_seconds Time.',
      '# TYPE took_seconds summary',
      'took_seconds_sum 1.5',
      'took_seconds_count 1',
      '# HELP held Now.',
      '# TYPE held gauge',
      'held 7',
      '',
    ].join('\n'),
  )
})

test('a page stays a page however many labels there are', async () => {
  const metrics = createMetrics()
  const counter = metrics.counter('many_total', 'Many.')
  for (let number = 0; number < 5000; number++) counter.add({ name: String(number) })
  counter.add({ name: '1' })
  const page = await metrics.render()
  assert.equal(page.split('\n').length, 1003)
  assert.match(page, /many_total\{name="1"\} 2\n/)
})

test('the figures of the process are numbers', async () => {
  const metrics = createMetrics()
  addProcessMetrics(metrics)
  const page = await metrics.render()
  for (const name of [
    'cpu_seconds_total',
    'resident_memory_bytes',
    'open_fds',
    'start_time_seconds',
  ]) {
    assert.match(page, new RegExp(`^process_${name} \\d+(\\.\\d+)?$`, 'm'))
  }
})
