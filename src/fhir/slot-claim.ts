import type { Extension, Slot } from 'fhir/r4.js'
import { formatUtc, parseInstant, type EpochMs } from './instant.ts'
import { APPOINTMENT_ID_SYSTEM, SLOT_CLAIM_URL } from './vocabulary.ts'

/** The gateway's claim on a Slot, so that the Slot alone tells whose it is and whether it may be taken over. */
export interface SlotClaim {
  /** The gateway's id of the Appointment (identifier value, not the FHIR id). */
  readonly appointmentId: string
  /** For a hold: when it runs out, by the EHR's clock. Absent for a booked visit. */
  readonly until?: EpochMs
  /** The status the claim set. Where the Slot says something else, somebody changed it since and it is no longer the claim's. */
  readonly status: ClaimedStatus
  /**
   * `meta.versionId` of the Appointment that set the claim. It makes the content differ with every write: HAPI does not
   * raise the version of an unchanged resource, and a Slot that a visit keeps while it moves must be guarded too.
   */
  readonly version: string
}

/** Slot statuses that a claim may set (`busy-unavailable` for time that is blocked but not used). */
export type ClaimedStatus = 'busy' | 'busy-tentative' | 'busy-unavailable'

/** Reads the claim on a Slot; `undefined` when the gateway has none there. */
export function readClaim(slot: Slot): SlotClaim | undefined {
  const parts = slot.extension?.find((extension) => extension.url === SLOT_CLAIM_URL)?.extension
  const appointmentId = part(parts, 'appointment')?.valueIdentifier?.value
  const status = part(parts, 'status')?.valueCode
  if (appointmentId === undefined || !isClaimedStatus(status)) return undefined
  const until = parseInstant(part(parts, 'until')?.valueInstant)
  return { appointmentId, status, version: part(parts, 'version')?.valueString ?? '', ...(until !== undefined && { until }) }
}

/** The Slot with the claim on it; everything else it carries is preserved. */
export function withClaim(slot: Slot, claim: SlotClaim): Slot {
  const parts: Extension[] = [
    { url: 'appointment', valueIdentifier: { system: APPOINTMENT_ID_SYSTEM, value: claim.appointmentId } },
    { url: 'status', valueCode: claim.status },
    { url: 'version', valueString: claim.version },
  ]
  if (claim.until !== undefined) parts.push({ url: 'until', valueInstant: formatUtc(claim.until) })
  return { ...slot, status: claim.status, extension: [...otherExtensions(slot), { url: SLOT_CLAIM_URL, extension: parts }] }
}

/** The Slot given back: `free`, without the claim, everything else preserved. */
export function withoutClaim(slot: Slot): Slot {
  const { extension: _, ...rest } = slot
  const others = otherExtensions(slot)
  return { ...rest, status: 'free', ...(others.length > 0 && { extension: others }) }
}

function isClaimedStatus(code: string | undefined): code is ClaimedStatus {
  return code === 'busy' || code === 'busy-tentative' || code === 'busy-unavailable'
}

function otherExtensions(slot: Slot): Extension[] {
  return (slot.extension ?? []).filter((extension) => extension.url !== SLOT_CLAIM_URL)
}

function part(parts: readonly Extension[] | undefined, url: string): Extension | undefined {
  return parts?.find((extension) => extension.url === url)
}
