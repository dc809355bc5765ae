import { test } from 'vitest'
import { simulateMany, SIMULATION_TIMEOUT_MS } from '../../simulation/run-many.ts'
import { UNKNOWN } from '../../simulation/themes.ts'

test('whatever is lost, late or repeated, and whichever process dies, every promise holds', { timeout: SIMULATION_TIMEOUT_MS }, () =>
  simulateMany(UNKNOWN, { effect: 1, unknown: 0.02, silence: 0.01, idempotency_key_reused: 0.02 }))
