import type { Appointment } from 'fhir/r4.js'
import { appointmentIdOf, clientOf } from '../fhir/appointment.ts'
import { readReceipt, type Receipt } from '../fhir/audit-event.ts'
import { token, type SearchParam } from '../fhir/query.ts'
import { ACTION_SYSTEM, HOLD_END_SYSTEM } from '../fhir/vocabulary.ts'
import { hasCoding } from '../fhir/codings.ts'
import type { Interval } from '../scheduling/interval.ts'
import { spanOf } from '../scheduling/window.ts'
import { inParts, lookUps } from './gathering.ts'
import type { PacedEhr } from './paced-ehr.ts'
import type { Reading, VisitEvent } from './ports.ts'
import { pagesOf, TooManyChanges } from './reconcile-changes.ts'
import { OWN } from './reconcile-walk.ts'
import { ofType, search } from './window-queries.ts'

/** What the receipts of the gateway's own writes say. */
const KINDS: Readonly<Record<string, VisitEvent['kind']>> = { book: 'booked', reschedule: 'rescheduled', cancel: 'cancelled' }
/** Statuses by which the clinic ends a visit. */
const ENDED = ['cancelled', 'noshow', 'entered-in-error'] as const
const REFERENCES_PER_QUERY = 100

/**
 * What happened to visits in a span of the EHR's clock: the gateway's own writes by their receipts, exactly as they were made, and
 * visits that the clinic has ended. What was announced already comes again; its id is the same.
 */
export async function visitEvents(ehr: PacedEhr, changed: Interval): Promise<VisitEvent[]> {
  const events: VisitEvent[] = []
  for await (const reading of allPagesOf(ehr, 'AuditEvent', [actions([...Object.keys(KINDS), 'reconcile'])], changed)) {
    const receipts = ofType(reading.all('changed'), 'AuditEvent').flatMap((event) => readReceipt(event) ?? [])
    events.push(...receipts.flatMap(eventOf), ...(await moves(ehr, receipts)))
  }
  for await (const reading of allPagesOf(ehr, 'Appointment', [OWN, ['status', ENDED]], changed)) {
    events.push(...(await endings(ehr, ofType(reading.all('changed'), 'Appointment'), changed)))
  }
  return events
}

/** Of hundreds of visits that the clinic has changed in one transaction only a page is announced: that is no news of single visits. */
async function* allPagesOf(
  ehr: PacedEhr,
  type: 'Appointment' | 'AuditEvent',
  params: readonly SearchParam[],
  changed: Interval,
): AsyncGenerator<Reading> {
  try {
    yield* pagesOf(ehr, type, params, changed, Number.POSITIVE_INFINITY)
  } catch (error) {
    if (!(error instanceof TooManyChanges)) throw error
  }
}

/** The end of a visit that the clinic has ended; `undefined` where the gateway did not make it or does not know for whom. */
export function endingOf(appointment: Appointment): VisitEvent | undefined {
  const [appointmentId, clientId] = [appointmentIdOf(appointment), clientOf(appointment)]
  const byHand = !hasCoding(appointment.cancelationReason ? [appointment.cancelationReason] : [], HOLD_ENDS)
  if (appointmentId === undefined || clientId === undefined || !byHand || !isEnded(appointment)) return undefined
  return { kind: 'cancelled', appointmentId, clientId, version: appointment.meta?.versionId ?? '' }
}

const HOLD_ENDS = ['released', 'expired'].map((code) => `${HOLD_END_SYSTEM}|${code}`)

function isEnded(appointment: Appointment): boolean {
  return ENDED.some((status) => status === appointment.status)
}

function actions(codes: readonly string[]): SearchParam {
  return ['subtype', codes.map((code) => token(ACTION_SYSTEM, code))]
}

function eventOf({ appointmentId, clientId, version, codes }: Receipt): VisitEvent[] {
  const kind = codes.map((code) => KINDS[code]).find((known) => known !== undefined)
  return kind ? [{ kind, appointmentId, clientId, version }] : []
}

/** Visits that reconciliation has found elsewhere. Its receipts name the worker; who is told is the client that made the visit. */
async function moves(ehr: PacedEhr, receipts: readonly Receipt[]): Promise<VisitEvent[]> {
  const moved = receipts.filter(({ codes }) => codes.includes('reconcile') && codes.includes('moved'))
  if (moved.length === 0) return []
  const queries = lookUps([...new Set(moved.map((receipt) => receipt.appointmentId))], [])
  const reading = await ehr.read(queries)
  const visits = Object.keys(queries).flatMap((name) => ofType(reading.all(name), 'Appointment'))
  return moved.flatMap(({ appointmentId, version }) => {
    const visit = visits.find((candidate) => appointmentIdOf(candidate) === appointmentId)
    const clientId = visit && clientOf(visit)
    return clientId === undefined || visit?.status !== 'booked' ? [] : [{ kind: 'rescheduled' as const, appointmentId, clientId, version }]
  })
}

/** Visits still to come that the clinic has ended: those that have no receipt of an end by the gateway. */
async function endings(ehr: PacedEhr, ended: readonly Appointment[], changed: Interval): Promise<VisitEvent[]> {
  const toCome = ended.filter((appointment) => (spanOf(appointment)?.end ?? 0) > changed.start && endingOf(appointment))
  const events: VisitEvent[] = []
  for (const part of inParts(toCome, REFERENCES_PER_QUERY)) {
    const references = part.map((appointment) => `Appointment/${appointment.id ?? ''}`)
    const reading = await ehr.read({ receipts: search('AuditEvent', ['entity', references], actions(['cancel', 'release', 'expire'])) })
    const known = new Set(ofType(reading.all('receipts'), 'AuditEvent').map((event) => readReceipt(event)?.appointmentId))
    events.push(...part.flatMap((appointment) => (known.has(appointmentIdOf(appointment)) ? [] : (endingOf(appointment) ?? []))))
  }
  return events
}
