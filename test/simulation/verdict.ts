import type { Appointment } from 'fhir/r4.js'
import { appointmentIdOf, patientOf, visitTypeOf } from '../../src/fhir/appointment.ts'
import { parseInstant } from '../../src/fhir/instant.ts'
import { referencedId } from '../../src/fhir/references.ts'
import { overlaps } from '../../src/scheduling/interval.ts'
import { spanOf } from '../../src/scheduling/window.ts'
import type { Request } from './act.ts'
import type { CommitWatch, Effect } from './commit-watch.ts'
import type { Attempt } from './ledger.ts'
import type { MemoryStore } from './memory-store.ts'
import { operationOf } from './plan.ts'
import type { Story } from './story.ts'

/** A call has to be answered within so long, in milliseconds (P5). */
const ANSWER_WITHIN_MS = 5_000

/** What callers were told, held against what is in the EHR in the end. */
export function brokenPromises(store: MemoryStore, story: Story, watch: CommitWatch): string[] {
  const asked = story.ledger.attempts.filter(({ request }) => request !== undefined)
  return [...asked.flatMap((attempt) => wrongAnswer(store, attempt, watch)), ...wrongBeliefs(store, story, watch), ...twiceDone(story, watch)]
}

function wrongAnswer(store: MemoryStore, attempt: Attempt, watch: CommitWatch): string[] {
  const { answer, requestId, process, invokedAt, returnedAt } = attempt
  const late = returnedAt === undefined ? process.alive : returnedAt - invokedAt > ANSWER_WITHIN_MS
  if (late) return [`${requestId} was not answered in time`]
  if (answer === undefined) return []
  if (answer.kind === 'fault') return [`${requestId} met a fault: ${String(answer.error)}`]
  if (answer.kind === 'success') return unfounded(store, attempt, answer.result.appointment)
  const effect = watch.effects.find((each) => each.attempt === attempt)
  if (answer.kind === 'refused' && answer.code === 'ehr_rejected') return [`${requestId} sent what no EHR takes`]
  if (answer.kind === 'refused' && effect) return [`${requestId} was refused (${answer.code}) and took effect all the same`]
  if (attempt.settled === 'failed' && effect) return [`${requestId} was told that it failed, and took effect all the same`]
  return []
}

/** P3: what was acknowledged stands in the EHR, was what was asked for, and for whom it was asked. */
function unfounded(store: MemoryStore, attempt: Attempt, told: Appointment): string[] {
  const { request, requestId, returnedCommit = 0 } = attempt
  if (!request) return []
  const until = store.history('Appointment', told.id ?? '').filter((version) => version.commit <= returnedCommit)
  const versions = until.map((version) => version.resource as Appointment)
  const same = versions.find((version) => version.meta?.versionId === told.meta?.versionId)
  if (same?.status !== told.status || same.start !== told.start) return [`${requestId} was told of a version that the EHR does not have`]
  if (!versions.some((version) => isAsAsked(version, request))) return [`${requestId} was told that it was done, but it never was`]
  return mayBeShown(told, request) ? [] : [`${requestId} was shown a visit of another patient`]
}

/** P7. Whoever made a hold without a patient, under a key of his own, may hear what became of it under that key. */
function mayBeShown(told: Appointment, { caller, action }: Request): boolean {
  const patient = patientOf(told)
  if (patient === undefined || patient === caller.patient) return true
  return caller.patient === undefined && (caller.anyPatient || action === 'hold')
}

function isAsAsked(visit: Appointment, request: Request): boolean {
  const { offer, action, appointmentId } = request
  const atOffer = parseInstant(visit.start) === offer.start && referencedId(visit.slot?.[0], 'Slot') === offer.slotId
  const sameType = visitTypeOf(visit) === offer.type.code
  const sameVisit = appointmentIdOf(visit) === appointmentId
  switch (action) {
    case 'hold':
      return atOffer && sameType
    case 'book':
      return atOffer && sameType && visit.status === 'booked'
    case 'confirm':
      return sameVisit && visit.status === 'booked'
    case 'reschedule':
      return sameVisit && atOffer
    case 'release':
    case 'cancel':
      return sameVisit && visit.status === 'cancelled'
  }
}

/**
 * A caller who was refused in the end must not find that it happened. Where he gave no key, a refusal speaks of how things stand now, and
 * only what happens after it makes it wrong.
 */
function wrongBeliefs(store: MemoryStore, story: Story, watch: CommitWatch): string[] {
  return [...story.beliefs].flatMap(([id, belief]) => {
    if (belief !== 'refused') return []
    const last = story.ledger.attempts.findLast(({ deed }) => deed.id === id)
    const wrongFrom = last?.request?.key === undefined ? (last?.returnedCommit ?? 0) : 0
    const effect = watch.effects.find(({ attempt, commit }) => attempt?.deed.id === id && commit > wrongFrom)
    return effect && !isKnownLimit(store, story, effect) ? [`deed ${id} was refused in the end, and took effect in commit ${effect.commit}`] : []
  })
}

/**
 * Without a key nothing names an earlier send, so it cannot be shut out when the front desk's entry is what refuses the request
 * (docs/decisions/0005). The visit then lies over that entry, where staff see it.
 */
function isKnownLimit(store: MemoryStore, story: Story, { attempt, appointment }: Effect): boolean {
  const span = spanOf(appointment)
  return (
    attempt?.request?.key === undefined &&
    [...story.incidents.deskEntries].some(([id, at]) => {
      const desk = store.get('Appointment', id)
      const other = desk && spanOf(desk)
      return at >= (attempt?.invokedAt ?? 0) && span && other && overlaps(span, other)
    })
  )
}

/** P2: one effect per key. */
function twiceDone(story: Story, watch: CommitWatch): string[] {
  const keyed = watch.effects.filter(({ attempt }) => attempt?.request?.key !== undefined)
  const byKey = Map.groupBy(keyed, ({ attempt }) => `${operationOf(attempt?.deed.kind ?? 'hold')} ${attempt?.request?.key ?? ''}`)
  return [...byKey].flatMap(([key, effects]) => {
    const which = effects.map(({ commit }) => commit).join(', ')
    return effects.length > 1 ? [`the key of ${key} took effect ${effects.length} times, in commits ${which}`] : []
  })
}
