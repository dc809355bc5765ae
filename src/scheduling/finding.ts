import type { Appointment, Slot } from 'fhir/r4.js'
import { appointmentIdOf, patientOf } from '../fhir/appointment.ts'

/**
 * What a repair does: `freed` gives back claims that no live visit stands behind, `reclaimed` claims again what a live visit
 * has lost, `moved` makes the claims follow a visit that the front desk has put elsewhere.
 */
export type RepairKind = 'freed' | 'reclaimed' | 'moved'

/** A repair that is certain: one transaction. */
export interface Repair {
  readonly kind: RepairKind
  /** The gateway's id of the visit. */
  readonly appointmentId: string
  /** As it shall stand; as it was read where only Slots change; absent where the EHR has none. */
  readonly appointment?: Appointment
  /** As they shall stand. */
  readonly slots: readonly Slot[]
}

/** What the EHR says and only a person can put right. Ids and codes only. */
export interface Doubt {
  readonly kind: DoubtKind
  /** Stable: the same doubt has the same key on every pass. */
  readonly key: string
  /** FHIR ids of the Appointments it is about. */
  readonly appointmentIds: readonly string[]
  /** FHIR ids of the Slots it is about. */
  readonly slotIds: readonly string[]
  /** `Patient/<id>` of the visit that the gateway made, where that is one patient. */
  readonly patient?: string
}

/**
 * - `overlap`: two live visits of one exclusive actor at the same time
 * - `claim_lost`: a Slot of a live visit belongs to another live visit
 * - `moved_onto_taken`: the front desk put a visit on time that is not free
 * - `place_changed`: the Slot or Schedule under a visit was changed, or its practitioner was taken off, and nothing says where it is now
 * - `duplicate_identifier`: more than one Appointment has the same gateway id
 * - `repair_refused`: the EHR does not take a repair
 */
export type DoubtKind = 'overlap' | 'claim_lost' | 'moved_onto_taken' | 'place_changed' | 'duplicate_identifier' | 'repair_refused'

/**
 * One thing that was found. It holds only if every resource it rests on is read a second time in the same version: then there was
 * a moment between the two readings at which all of them stood so. `wait`: it will be decided when an expired hold has been ended.
 */
export type Finding = { readonly restsOn: readonly (Appointment | Slot)[] } & (
  { readonly kind: 'repair'; readonly repair: Repair } | { readonly kind: 'doubt'; readonly doubt: Doubt } | { readonly kind: 'wait' }
)

/** A doubt about visits and Slots. @param mark what tells it from a later one of the same kind about the same visits */
export function doubtAbout(kind: DoubtKind, appointments: readonly Appointment[], slots: readonly Slot[], mark: string): Finding {
  const ids = appointments.map((appointment) => appointment.id ?? '')
  const patients = new Set(appointments.filter((appointment) => appointmentIdOf(appointment) !== undefined).map(patientOf))
  const [patient] = patients.size === 1 ? patients : []
  return {
    kind: 'doubt',
    restsOn: [...appointments, ...slots],
    doubt: {
      kind,
      key: [kind, mark].join(' '),
      appointmentIds: ids,
      slotIds: slots.map((slot) => slot.id ?? ''),
      ...(patient !== undefined && { patient }),
    },
  }
}

/** A repair that rests on these resources. */
export function repairOf(repair: Repair, restsOn: readonly (Appointment | Slot)[]): Finding {
  return { kind: 'repair', repair, restsOn }
}
