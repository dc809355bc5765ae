import { expect } from 'vitest'
import type { Answer } from './api.ts'

/** Every caller has an answer after so long, in milliseconds. */
export const ANSWER_WITHIN_MS = 5_000

/** The answer, which has to come within the promised time, and how long it took in milliseconds. */
export async function inTime(asked: Promise<Answer>): Promise<Answer & { readonly ms: number }> {
  const began = performance.now()
  const answer = await asked
  const ms = performance.now() - began
  expect(ms).toBeLessThan(ANSWER_WITHIN_MS)
  return { ...answer, ms }
}
