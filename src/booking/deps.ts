import type { ClinicMapping } from '../clinic/mapping.ts'
import type { DirectorySource, Ehr, ExtraRound, WakeUps, WriteGate } from './ports.ts'
import type { SlotIds } from './slot-id.ts'
import type { Turnstile } from './turnstile.ts'

/** What the booking actions need; put together in `src/deps.ts`. */
export interface BookingDeps {
  readonly ehr: Ehr
  readonly directories: DirectorySource
  readonly writes: WriteGate
  readonly mapping: ClinicMapping
  readonly slotIds: SlotIds
  readonly turnstile: Turnstile
  readonly wakeUps: WakeUps
  /** Told of every extra round of a write, for metrics. */
  readonly extraRound?: (reason: ExtraRound) => void
}
