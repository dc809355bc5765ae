import { receiptId } from '../fhir/ids.ts'
import type { EpochMs } from '../fhir/instant.ts'
import { cancelAppointment } from './cancel-appointment.ts'
import type { Caller } from './caller.ts'
import { confirmHold } from './confirm-hold.ts'
import type { BookingDeps } from './deps.ts'
import { BookingError, Deferred } from './errors.ts'
import { bookSlot } from './hold-slot.ts'
import { requestDigest, type WriteResult } from './perform-write.ts'
import type { Call } from './ports.ts'
import { rescheduleAppointment } from './reschedule-appointment.ts'

/** A change that may be accepted while the EHR is down, with everything that is needed to make it. Names a patient: kept sealed. */
export interface Change {
  readonly change: 'cancel' | 'confirm' | 'book' | 'reschedule'
  readonly caller: Caller
  readonly appointmentId?: string
  /** The signed `slot_id` as it was sent. */
  readonly slotId?: string
  readonly reason?: string | undefined
  readonly expectedVersion?: string | undefined
  readonly key: string | undefined
}

/** A change that was accepted for later. */
export interface DeferredWrite extends Change {
  /** The caller's idempotency key, or one derived from the request. */
  readonly key: string
  /** When it was accepted, by this machine's clock. */
  readonly since: EpochMs
}

/** Keeps accepted changes until they are made: the one thing that lives outside the EHR. */
export interface DeferralBacklog {
  /** Fails fast; what is kept under the receipt's id already is not kept twice. @returns whether it is kept */
  keep(write: DeferredWrite, receiptId: string): Promise<boolean>
}

/** Clocks of gateway and EHR may differ by this much, in milliseconds. */
const CLOCK_SLACK_MS = 5_000

/**
 * Makes a change, or accepts it for later where the EHR is down and the clinic allows that.
 * @throws Deferred where it was accepted; otherwise what the change throws
 */
export async function changeOrDefer(deps: BookingDeps, backlog: DeferralBacklog, change: Change, call: Call): Promise<WriteResult> {
  try {
    return await makeChange(deps, change, call)
  } catch (error) {
    const isDown = error instanceof BookingError && error.code === 'ehr_unavailable' && error.extras.unfit !== true
    if (!isDown || !isAllowed(deps, change.change)) throw error
    const deferred = { ...change, key: change.key ?? derivedKey(change), since: Date.now() }
    const receipt = receiptIdOf(deferred)
    if (!(await backlog.keep(deferred, receipt))) throw error
    throw new Deferred(receipt)
  }
}

/** The receipt that the change will leave. */
export function receiptIdOf({ change, caller, key }: DeferredWrite): string {
  return receiptId({ clientId: caller.clientId, operation: change === 'confirm' ? 'book' : change, key: `key ${key}` })
}

/**
 * Makes a change. One that was accepted for later is overtaken where somebody has changed the visit since: `version_mismatch`.
 * @throws BookingError `invalid_slot_id`, and what the action throws
 */
export async function makeChange(deps: BookingDeps, change: Change | DeferredWrite, call: Call): Promise<WriteResult> {
  const { caller, key, appointmentId = '', expectedVersion, reason } = change
  const waited = 'since' in change && { unchangedSince: change.since + CLOCK_SLACK_MS }
  const existing = { caller, key, appointmentId, expectedVersion, ...waited }
  const offer = () => deps.slotIds.read(change.slotId ?? '')
  switch (change.change) {
    case 'cancel':
      return cancelAppointment(deps, { ...existing, what: 'appointment', reason }, call)
    case 'confirm':
      return confirmHold(deps, { ...existing, what: 'hold' }, call)
    case 'book':
      return bookSlot(deps, { caller, key, offer: offer() }, call)
    case 'reschedule':
      return rescheduleAppointment(deps, { ...existing, what: 'appointment', offer: offer() }, call)
  }
}

function isAllowed({ mapping }: BookingDeps, change: Change['change']): boolean {
  const { accept } = mapping.whenEhrIsDown
  return change === 'cancel' || change === 'confirm' ? accept[change] : accept.newTime
}

/** Names the request where the caller did not: a bot that repeats itself while the EHR is down leaves one job. New times get a new name every ten minutes. */
function derivedKey({ change, caller, appointmentId, slotId, reason, expectedVersion }: Change): string {
  const period = slotId === undefined ? '' : String(Math.floor(Date.now() / 600_000))
  const parts = [change, caller.patient, appointmentId, slotId, reason, expectedVersion, period]
  return `deferred ${requestDigest(...parts.map((part) => part ?? ''))}`
}
