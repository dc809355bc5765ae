import { test } from 'vitest'
import { simulateMany, SIMULATION_TIMEOUT_MS } from '../../simulation/run-many.ts'
import { PATIENTS } from '../../simulation/themes.ts'

test("in however many chats a patient asks at once, the clinic's rules about him hold", { timeout: SIMULATION_TIMEOUT_MS }, () =>
  simulateMany(PATIENTS, { effect: 1, policy_refused: 0.1 }))
