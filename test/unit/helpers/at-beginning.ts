import { afterEach, beforeEach, vi } from 'vitest'
import { BEGINNING } from '../../simulation/world.ts'

/** Sets the date to `BEGINNING` for every test of the file; timers run as ever. Call it before other hooks that read the date. */
export function startAtBeginning(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: BEGINNING })
  })
  afterEach(() => {
    vi.useRealTimers()
  })
}
