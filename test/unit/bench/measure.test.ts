import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { measureCell, quantile } from '../../../bench/measure.ts'
import type { Side } from '../../../bench/side.ts'

const PATIENTS = Array.from({ length: 20 }, (_, index) => index)

/** A side whose requests overlap and end out of order. */
function sideWith(name: Side['name'], roundTrips: number, blocks: string[], settled: number[]): Side {
  return {
    name,
    origin: 'http://127.0.0.1:9',
    prepare: (_action, patient) => ({
      run: async () => {
        if (blocks.at(-1) !== name) blocks.push(name)
        await sleep(5 - (patient % 3))
        return roundTrips
      },
      settle: () => {
        settled.push(patient)
      },
    }),
  }
}

test.each([1, 8, 32])('every request counts once at %d at a time, in blocks of both sides in turn', async (concurrency) => {
  const blocks: string[] = []
  const settled = { gateway: [] as number[], bare: [] as number[] }
  const sides = { gateway: sideWith('gateway', 2, blocks, settled.gateway), bare: sideWith('bare', 3, blocks, settled.bare) }
  const cpu = [1, 1.5]
  const level = { concurrency, patients: PATIENTS.length, block: 7 }
  const cell = await measureCell(sides, 'book', level, PATIENTS, () => Promise.resolve(cpu.shift() ?? Number.NaN))

  expect(cell.gateway).toMatchObject({ roundTrips: 40, latencies: { length: 20 } })
  expect(cell.bare).toMatchObject({ roundTrips: 60, latencies: { length: 20 } })
  expect(cell.cpuMs).toBeCloseTo(500 / 20)
  expect(blocks).toEqual(['gateway', 'bare', 'gateway', 'bare'])
  expect(settled).toEqual({ gateway: PATIENTS, bare: PATIENTS })
})

test('a quantile is one of the values', () => {
  expect(quantile([5, 1, 4, 2, 3], 0.5)).toBe(3)
  expect(quantile([5, 1, 4, 2, 3], 0.99)).toBe(5)
})
