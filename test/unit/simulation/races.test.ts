import { expect, test } from 'vitest'
import { planOf } from '../../simulation/plan.ts'
import { simulateMany, SIMULATION_TIMEOUT_MS } from '../../simulation/run-many.ts'
import { simulate } from '../../simulation/simulate.ts'
import { RACES, UNKNOWN } from '../../simulation/themes.ts'

test('whoever races for whichever time, every promise holds', { timeout: SIMULATION_TIMEOUT_MS }, () =>
  simulateMany(RACES, { effect: 1, slot_taken: 0.5, idempotency_key_reused: 0.01 }))

test('a seed makes the same run again, to the last step', async () => {
  const tell = async (): Promise<string[]> => {
    const lines: string[] = []
    for (let seed = 1; seed <= 20; seed++) await simulate(planOf(UNKNOWN, seed), UNKNOWN.weather, (line) => lines.push(line))
    return lines
  }
  const first = await tell()
  expect(first.length).toBeGreaterThan(200)
  expect(await tell()).toEqual(first)
})
