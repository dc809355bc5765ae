import type { Modality } from '../fhir/appointment.ts'
import type { Named } from '../scheduling/directory.ts'
import type { AppointmentState } from '../scheduling/transitions.ts'

/** A visit's time and place, the same in every answer. */
export interface ShownVisit {
  readonly type: string
  readonly start: string
  readonly end: string
  readonly timezone: string
  /** Weekday, date, time and zone in words, in the clinic's zone. */
  readonly local_start: string
  readonly provider: Named | null
  readonly location: Named | null
  readonly modality: Modality
}

/** A free offer as callers see it. */
export interface ShownOffer extends ShownVisit {
  readonly slot_id: string
}

/** An Appointment as callers see it. */
export interface ShownAppointment extends ShownVisit {
  readonly appointment_id: string
  readonly confirmation_code: string | null
  /** FHIR `Appointment.status`; a hold that has run out shows `cancelled` although nobody wrote that down yet. */
  readonly status: string
  readonly state: Exclude<AppointmentState, 'lapsed'>
  /** `meta.versionId`, for `expected_version`. */
  readonly version: string
  readonly expires_at: string | null
}
