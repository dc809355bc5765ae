import { randomUUID } from 'node:crypto'
import type { Appointment } from 'fhir/r4.js'
import { StackError } from '../stack/console.ts'
import type { Answer, Offer } from './api.ts'
import { intakeOf, PROVIDER, VISIT_TYPE, type Visitor } from './cast.ts'
import { play, type Checks, type Scene } from './scene.ts'
import { overlapping, referenceTo, type Stage } from './stage.ts'

const GATEWAY = 'gateway'
/** One for the hold and the booking each, one for the move, one for the cancellation. */
const WRITES_OF_FIRST = 4

/** What the scenes know of each other. */
interface Plot {
  readonly stage: Stage
  readonly checks: Checks
  readonly first: Visitor
  readonly second: Visitor
}

/** Two patients want the same time. Tells it, and checks every claim against the EHR. */
export async function tellStory(plot: Plot, wanted: { readonly start: string; readonly end: string }): Promise<void> {
  const { stage, checks, first, second } = plot
  const tokens = await play(checks, `1. ${first.name} and ${second.name} ask for the same time`, (scene) => introduce(plot, scene))
  const offers = await play(checks, '2. Both bots look at the same free times', (scene) => look(plot, scene, wanted))
  const [time, , later] = offers
  const key = randomUUID()
  const booked = await play(checks, `3. ${first.name} takes the first one`, (scene) =>
    take(plot, scene, { time, key, token: tokens.first }),
  )
  await play(checks, `4. ${second.name} picks the same time a moment later`, (scene) => lose(plot, scene, time, tokens.second))
  await play(checks, `5. ${first.bot} lost the answer and asks again`, (scene) => repeat(plot, scene, { booked, key, token: tokens.first }))
  await play(checks, `6. ${first.name} moves the visit`, (scene) => move(plot, scene, { booked, time, later, token: tokens.first }))
  await play(checks, `7. ${second.name} gets the time that became free`, (scene) => getFreed(plot, scene, time, tokens.second))
  await play(checks, `8. ${first.name} cancels`, (scene) => cancel(plot, scene, { booked, later, token: tokens.first }))
  await play(checks, '9. What the EHR says in the end', (scene) => conclude(stage, scene, { first, second, booked, time }))
}

async function introduce({ stage, first, second }: Plot, scene: Scene): Promise<{ first: string; second: string }> {
  const meet = async (visitor: Visitor): Promise<string> => {
    scene.says(visitor.bot, `POST /intake (record number ${visitor.mrn}, born ${visitor.birthDate})`)
    const { answer, token } = await intakeOf(stage.api, visitor)
    scene.says(GATEWAY, spoken(answer, answer.body.outcome))
    requireStatus(answer, 200, 'POST /intake')
    if (answer.body.outcome !== 'eligible') throw new StackError(`${visitor.name} was not found. Load the demo data again: npm run seed`)
    return token
  }
  return { first: await meet(first), second: await meet(second) }
}

async function look(plot: Plot, scene: Scene, wanted: { start: string; end: string }): Promise<readonly [Offer, Offer, Offer]> {
  const { stage, first, second } = plot
  const query = new URLSearchParams({ type: VISIT_TYPE, provider: PROVIDER.id, limit: '3', ...wanted })
  const ask = async (visitor: Visitor): Promise<readonly Offer[]> => {
    scene.says(visitor.bot, `GET /availability?type=${VISIT_TYPE}&provider=${PROVIDER.id}&start=…&limit=3`)
    const answer = await stage.api.get(`/availability?${query.toString()}`)
    requireStatus(answer, 200, 'GET /availability')
    scene.says(GATEWAY, spoken(answer, ''))
    return answer.body.slots
  }
  const [one, other] = [await ask(first), await ask(second)]
  for (const offer of one) scene.says('', `- ${offer.local_start}`)
  for (const [index, offer] of one.entries()) await stage.slotIs(scene, offer.start, 'free', `offer ${index + 1} is free in the EHR`)
  const [time, middle, later] = one
  if (!time || !middle || !later || other[0]?.start !== time.start)
    throw new StackError(`${PROVIDER.name} has too few free times left to tell the story. Free them with: npm run seed -- --fresh`)
  if (time.start !== wanted.start) scene.tells(`The time they wanted first is taken by others, so both want ${time.local_start}.`)
  return [time, middle, later]
}

async function take(plot: Plot, scene: Scene, with_: { time: Offer; key: string; token: string }): Promise<Answer> {
  const { stage, first } = plot
  const { time, key, token } = with_
  scene.says(first.bot, 'POST /holds {slot_id, patient_token}')
  const hold = await stage.api.post('/holds', { slot_id: time.slot_id, patient_token: token })
  requireStatus(hold, 201, 'POST /holds')
  scene.says(GATEWAY, spoken(hold, ''))
  await stage.slotIs(scene, time.start, 'busy-tentative', 'the held Slot is busy-tentative')
  await stage.visitIs(scene, hold.body.hold_id, 'pending', 'the hold is one pending Appointment')
  scene.says(first.bot, 'POST /appointments {hold_id, patient_token}')
  const booked = await stage.api.post('/appointments', { hold_id: hold.body.hold_id, patient_token: token }, { key })
  requireStatus(booked, 201, 'POST /appointments')
  scene.says(GATEWAY, spoken(booked, `code ${booked.body.confirmation_code}`))
  await stage.slotIs(scene, time.start, 'busy', 'the booked Slot is busy')
  await stage.visitIs(scene, booked.body.appointment_id, 'booked', 'the same Appointment is booked now')
  scene.checks('the patient has a confirmation code', /^[0-9A-Z]{8}$/.test(booked.body.confirmation_code), booked.body.confirmation_code)
  return booked
}

async function lose({ stage, first, second }: Plot, scene: Scene, time: Offer, token: string): Promise<void> {
  scene.says(second.bot, 'POST /holds {slot_id, patient_token} for the same time')
  const answer = await stage.api.post('/holds', { slot_id: time.slot_id, patient_token: token })
  scene.says(GATEWAY, spoken(answer, answer.body.code))
  const alternatives = answer.body.alternatives ?? []
  for (const offer of alternatives) scene.says('', `- ${offer.local_start} with ${offer.provider?.name ?? 'somebody'}`)
  scene.checks('the second one is refused: 409 slot_taken', answer.status === 409 && answer.body.code === 'slot_taken', `${answer.status}`)
  scene.checks('three other times come with the refusal', alternatives.length === 3, `${alternatives.length}`)
  await stage.visitsAt(scene, time.start, [first], `only ${first.name} has the time`)
  await stage.patientHas(scene, second, time.start, 0, `nothing was stored for ${second.name}`)
  const here = alternatives.filter((offer) => offer.provider?.id === PROVIDER.id)
  for (const offer of here) await stage.slotIs(scene, offer.start, 'free', `the alternative ${clock(offer)} is free`)
}

async function repeat({ stage, first }: Plot, scene: Scene, with_: { booked: Answer; key: string; token: string }): Promise<void> {
  const { booked, key, token } = with_
  const { appointment_id: id, version } = booked.body
  scene.tells('A time-out: the bot cannot know whether its booking went through, so it sends the same request once more.')
  scene.says(first.bot, 'POST /appointments {hold_id, patient_token} (same Idempotency-Key)')
  const again = await stage.api.post('/appointments', { hold_id: id, patient_token: token }, { key })
  requireStatus(again, 201, 'POST /appointments')
  scene.says(GATEWAY, spoken(again, `replayed: ${again.body.replayed}`))
  scene.checks(
    'the answer is the same appointment, marked replayed',
    again.body.appointment_id === id && again.body.replayed,
    again.body.appointment_id,
  )
  const visit = await stage.visitIs(scene, id, 'booked', 'there still is one Appointment')
  scene.checks('nothing was written a second time', visit.meta?.versionId === version, `version ${visit.meta?.versionId ?? ''}`)
}

async function move(plot: Plot, scene: Scene, with_: { booked: Answer; time: Offer; later: Offer; token: string }): Promise<void> {
  const { stage, first } = plot
  const { booked, time, later, token } = with_
  const id = booked.body.appointment_id
  scene.says(first.bot, `POST /appointments/${id}/reschedule {slot_id of ${clock(later)}}`)
  const moved = await stage.api.post(`/appointments/${id}/reschedule`, { slot_id: later.slot_id, patient_token: token })
  requireStatus(moved, 200, 'POST /appointments/{id}/reschedule')
  scene.says(GATEWAY, spoken(moved, ''))
  const visit = await stage.visitIs(scene, id, 'booked', 'the same id, the same Appointment, still booked')
  scene.checks('it stands at the new time', Date.parse(visit.start ?? '') === Date.parse(later.start), visit.start ?? 'no start')
  await stage.slotIs(scene, later.start, 'busy', 'the new Slot is busy')
  await stage.slotIs(scene, time.start, 'free', 'the old Slot is free again')
}

async function getFreed({ stage, second }: Plot, scene: Scene, time: Offer, token: string): Promise<void> {
  scene.says(second.bot, 'POST /appointments {slot_id, patient_token} (one step, no hold)')
  const answer = await stage.api.post('/appointments', { slot_id: time.slot_id, patient_token: token })
  requireStatus(answer, 201, 'POST /appointments')
  scene.says(GATEWAY, spoken(answer, `code ${answer.body.confirmation_code}`))
  await stage.visitIs(scene, answer.body.appointment_id, 'booked', `${second.name} is booked`)
  await stage.slotIs(scene, time.start, 'busy', 'the freed Slot is busy again')
  await stage.visitsAt(scene, time.start, [second], `only ${second.name} has the time now`)
}

async function cancel({ stage, first }: Plot, scene: Scene, with_: { booked: Answer; later: Offer; token: string }): Promise<void> {
  const { booked, later, token } = with_
  const id = booked.body.appointment_id
  scene.says(first.bot, `POST /appointments/${id}/cancel`)
  const answer = await stage.api.post(`/appointments/${id}/cancel`, { reason: 'transport', patient_token: token })
  requireStatus(answer, 200, 'POST /appointments/{id}/cancel')
  scene.says(GATEWAY, spoken(answer, ''))
  const visit = await stage.visitIs(scene, id, 'cancelled', 'the Appointment is cancelled, not deleted')
  const reason = visit.cancelationReason?.coding?.[0]?.code
  scene.checks('the reason stands on it', reason === 'pat-lt', reason ?? 'none')
  await stage.slotIs(scene, later.start, 'free', 'its Slot is free again')
}

async function conclude(
  stage: Stage,
  scene: Scene,
  with_: { first: Visitor; second: Visitor; booked: Answer; time: Offer },
): Promise<void> {
  const { first, second, booked, time } = with_
  await stage.patientHas(scene, first, time.start, 0, `${first.name} has no visit left`)
  await stage.patientHas(scene, second, time.start, 1, `${second.name} has one visit`)
  const live = await stage.ehr.liveAround(`Practitioner/${PROVIDER.id}`, time.start)
  const clashes = overlapping(live)
  scene.shows(`live visits of ${PROVIDER.name} that day: ${live.length}`)
  scene.checks('no two of them overlap', clashes.length === 0, clashes.join('; '))
  const visit = await stage.visitIs(scene, booked.body.appointment_id, 'cancelled', 'one Appointment lived through it all')
  const states = await stage.ehr.historyOf<Appointment>(referenceTo(visit))
  const told = states.map(({ status }) => status).reverse()
  scene.shows(`its history: ${told.join(', ')}`)
  scene.checks('four writes, the repeated request none', told.length === WRITES_OF_FIRST, `${told.length} versions`)
  const events = await stage.ehr.auditOf(referenceTo(visit))
  scene.shows(`its AuditEvents: ${events.map((event) => event.subtype?.[0]?.code ?? '?').join(', ')}`)
  scene.checks('each write left one AuditEvent', events.length === WRITES_OF_FIRST, `${events.length}`)
}

/** Later scenes stand on what an earlier one did, so an unexpected refusal ends the story. */
function requireStatus(answer: Answer, status: number, request: string): void {
  if (answer.status === status) return
  throw new StackError(`${request} answered ${answer.status} ${answer.body.code}, not ${status}: ${answer.body.message}`)
}

function spoken({ status, body }: Answer, note: string): string {
  return `${status}${note === '' ? '' : ` ${note}`} "${body.message}"`
}

/** "10:30 AM" of an offer's words. */
function clock(offer: Offer): string {
  return / at (.+?)(?: [A-Z]{2,5})?$/.exec(offer.local_start)?.[1] ?? offer.local_start
}
