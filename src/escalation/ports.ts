import type { Caller } from '../booking/caller.ts'
import type { Ehr, WriteGate } from '../booking/ports.ts'
import type { Turnstile } from '../booking/turnstile.ts'
import type { EscalationReason } from '../clinic/escalation.ts'
import type { ClinicMapping } from '../clinic/mapping.ts'
import type { EscalationEvent } from '../notices/notice.ts'
import type { TrailStep } from '../fhir/task.ts'

/** Something that is to be put in front of a person. It can be kept as JSON; treat it as patient data. */
export interface EscalationRequest {
  /** Code of one of the mapping's escalation reasons. */
  readonly reason: string
  readonly clientId: string
  readonly requestId: string
  /** The gateway's id of the visit, or `ehr-<FHIR id>`; also of one that was never made. */
  readonly appointmentId?: string
  /** `Patient/<id>`; left out: the patient of the visit. */
  readonly patient?: string
  readonly trail: readonly TrailStep[]
  /** `Task.priority` where it is not the reason's. */
  readonly priority?: EscalationReason['priority']
  /**
   * Names the trigger: the same key means the same Task, for ever, also after it was closed. What is to be escalated anew
   * needs a new key. It stands in a digest only, but may be kept by a backlog: no patient data in clear.
   */
  readonly key: string
  /** Where a caller asks: he gets at his own visits only. Left out by the gateway itself. */
  readonly caller?: Caller
}

/** Keeps escalations that the EHR does not take now. */
export interface EscalationBacklog {
  /** Keeps it until the EHR takes it. Fails fast, never throws. @returns whether it is kept */
  keep(request: EscalationRequest): Promise<boolean>
}

/** What became of an escalation; `suppressed` was not made because one client caused too many of its kind. */
export type EscalationOutcome = 'created' | 'repeated' | 'kept' | 'lost' | 'suppressed'

/** Sees every escalation, for metrics. */
export type EscalationObserver = (reason: string, outcome: EscalationOutcome) => void

/** What escalating needs; put together in `src/deps.ts`. */
export interface EscalationDeps {
  readonly ehr: Ehr
  readonly writes: WriteGate
  readonly mapping: ClinicMapping
  readonly turnstile: Turnstile
  readonly backlog: EscalationBacklog
  readonly observe: EscalationObserver
  /** Whoever asked for notices is to be told of a new Task. Returns at once, never throws. */
  readonly announce: (event: EscalationEvent) => void
}
