import assert from 'node:assert/strict'
import test from 'node:test'

import { formatAge, formatCount, formatDuration, formatSize, formatTime } from './format.ts'

test('durations change their unit without ever showing 60 seconds or 60 minutes', () => {
  const table: [number, string][] = [
    [-3, '0 ms'],
    [0.4, '0 ms'],
    [999, '999 ms'],
    [999.6, '1.0 s'],
    [1000, '1.0 s'],
    [3249, '3.2 s'],
    [59_949, '59.9 s'],
    [59_950, '1 min 00 s'],
    [65_000, '1 min 05 s'],
    [3_599_499, '59 min 59 s'],
    [3_599_500, '1 h 00 min'],
    [7_380_000, '2 h 03 min'],
    [172_800_000 - 60_000, '47 h 59 min'],
    [273_600_000, '3 d 4 h'],
  ]
  for (const [milliseconds, words] of table) assert.equal(formatDuration(milliseconds), words)
})

test('sizes change their unit without ever showing 1024', () => {
  const table: [number, string][] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [12_582_912, '12 MiB'],
    [1_048_575, '1.0 MiB'],
    [5 * 1024 ** 4, '5.0 TiB'],
  ]
  for (const [bytes, words] of table) assert.equal(formatSize(bytes), words)
})

test('ages are told roughly and old ones as a date', () => {
  const now = Date.UTC(2026, 10, 20, 12)
  const ages: [number, string][] = [
    [-5000, 'just now'],
    [9000, 'just now'],
    [59_000, '59 s ago'],
    [61_000, '1 min ago'],
    [3_600_000, '1 h ago'],
    [47 * 3_600_000, '47 h ago'],
    [50 * 86_400_000, '50 d ago'],
    [90 * 86_400_000, '2026-08-22'],
  ]
  for (const [age, words] of ages) assert.equal(formatAge(now - age, now), words)
})

test('moments are told in UTC and counts with their noun', () => {
  assert.equal(formatTime(Date.UTC(2026, 10, 20, 12, 43, 48, 999)), '2026-11-20 12:43:48Z')
  assert.equal(formatCount(1, 'request'), '1 request')
  assert.equal(formatCount(0, 'request'), '0 requests')
})
