import type { BookingDeps } from './deps.ts'
import { BookingError } from './errors.ts'
import type { Call } from './ports.ts'

/**
 * Makes sure that the directory knows the Schedule of a genuine `slot_id`: one that it does not know may be newer than it.
 * @throws BookingError `slot_taken` when the Schedule is gone from the EHR
 */
export async function assertScheduleKnown(deps: BookingDeps, print: Buffer, call: Call): Promise<void> {
  const { directory } = await deps.directories.current(call)
  if (directory.byFingerprint(print).length > 0) return
  const fresh = await deps.directories.refresh(call, directory)
  if (fresh.directory.byFingerprint(print).length === 0) {
    throw new BookingError('slot_taken', 'That time is no longer offered: its Schedule is gone from the EHR.')
  }
}
