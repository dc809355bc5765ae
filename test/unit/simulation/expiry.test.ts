import { test } from 'vitest'
import { simulateMany, SIMULATION_TIMEOUT_MS } from '../../simulation/run-many.ts'
import { EXPIRY } from '../../simulation/themes.ts'

test('whatever meets a hold when it runs out, every promise holds, and no hold ends too early', { timeout: SIMULATION_TIMEOUT_MS }, () =>
  simulateMany(EXPIRY, { effect: 1, hold_expired: 0.05 }))
