import { expect } from 'vitest'
import type { Answer, Api, Ask } from './api.ts'
import { checkEhr } from './checker.ts'
import { openDesk, type Desk } from './clinic.ts'
import type { Fhir } from './fhir.ts'

/** Everything that writes. */
export const WRITES = ['hold', 'hold without patient', 'book', 'confirm', 'reschedule', 'cancel'] as const
export type WriteName = (typeof WRITES)[number]

/** One write on a desk of its own, prepared up to the request itself. */
export interface PreparedWrite {
  readonly name: WriteName
  readonly desk: Desk
  readonly patient: string
  /** Status of its success. */
  readonly status: number
  /** Live Appointments after it. */
  readonly live: number
  /** @param extra fields of the body besides the request's own */
  send(api: Api, ask?: Ask, extra?: Record<string, unknown>): Promise<Answer>
  /** The same kind of request, but for something else: for tests of a key that is used again. */
  sendOther(api: Api, ask: Ask): Promise<Answer>
}

/** Brings a new desk to the point where one request is left to send. */
export async function prepareWrite(name: WriteName, fhir: Fhir, api: Api): Promise<PreparedWrite> {
  const desk = await openDesk(fhir, { slots: 4, patients: 1 })
  const offers = (await api.offers('short', desk.provider)).map((offer) => offer.slot_id)
  const patient = desk.patients[0]!
  const request = await requestOf(name, api, patient, offers)
  return {
    name,
    desk,
    patient,
    live: name === 'cancel' ? 0 : 1,
    status: ['reschedule', 'cancel'].includes(name) ? 200 : 201,
    send: (through, ask = {}, extra = {}) => through.post(request.path, { ...request.body, ...extra }, ask),
    sendOther: (through, ask) => through.post(request.path, request.otherBody, ask),
  }
}

async function requestOf(
  name: WriteName,
  api: Api,
  patient: string,
  offers: readonly string[],
): Promise<{ path: string; body: Record<string, unknown>; otherBody: Record<string, unknown> }> {
  const [slot, other] = offers
  switch (name) {
    case 'hold':
      return { path: '/holds', body: { slot_id: slot, patient }, otherBody: { slot_id: other, patient } }
    case 'hold without patient':
      return { path: '/holds', body: { slot_id: slot }, otherBody: { slot_id: other } }
    case 'book':
      return { path: '/appointments', body: { slot_id: slot, patient }, otherBody: { slot_id: other, patient } }
    case 'confirm': {
      const hold = await succeedInTheEnd(() => api.post('/holds', { slot_id: slot, patient }))
      return { path: '/appointments', body: { hold_id: hold.body.hold_id, patient }, otherBody: { hold_id: hold.body.hold_id } }
    }
    case 'reschedule':
    case 'cancel': {
      const { appointment_id: id } = (await succeedInTheEnd(() => api.post('/appointments', { slot_id: slot, patient }))).body
      return name === 'cancel'
        ? { path: `/appointments/${id}/cancel`, body: { reason: 'patient' }, otherBody: { reason: 'transport' } }
        : { path: `/appointments/${id}/reschedule`, body: { slot_id: other }, otherBody: { slot_id: offers[2] } }
    }
  }
}

/** What comes before a test has to work; a bot that is told to come again, or that nobody knows yet, asks once more. */
async function succeedInTheEnd(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; tries < 15; tries++) {
    const answer = await ask()
    if (answer.status !== 202 && answer.status !== 503) return succeed(Promise.resolve(answer))
    await new Promise((resolve) => setTimeout(resolve, Number(answer.headers.get('retry-after') ?? 1) * 1_000))
  }
  return succeed(ask())
}

/** The answer, which has to be a success. */
export async function succeed(asked: Promise<Answer>): Promise<Answer> {
  const answer = await asked
  if (answer.status >= 300 || answer.status === 202) throw new Error(`expected a success: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer
}

/** Reads the EHR past the gateway: nothing broken on this desk, and so many live and altogether Appointments on it. */
export async function expectSound(
  fhir: Fhir,
  desk: Pick<Desk, 'provider' | 'schedule'>,
  count: { live: number; all?: number },
): Promise<void> {
  const verdict = await checkEhr(fhir, [desk.schedule], [`Practitioner/${desk.provider}`])
  expect(verdict.violations).toEqual([])
  expect(verdict.live).toHaveLength(count.live)
  if (count.all !== undefined) expect(verdict.appointments).toHaveLength(count.all)
}

/** Answers counted by status, and by code where there is one. */
export function statuses(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const answer of answers) {
    const name = answer.status < 300 ? String(answer.status) : `${answer.status} ${answer.body.code}`
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

/** Asks again every 50 ms until the condition holds. @throws Error after `withinMs` */
export async function until(what: string, withinMs: number, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Waits until a gateway reads and writes again: a test that has opened a circuit breaker must not be felt by the next one. */
export async function untilServing(fhir: Fhir, api: Api, withinMs = 10_000): Promise<void> {
  const { provider } = await openDesk(fhir, { slots: 1 })
  const url = `/availability?type=short&provider=${provider}`
  await untilAnswered('the gateway reads again', 200, withinMs, () => api.get(url))
  const { desk, patient } = await prepareWrite('book', fhir, api)
  const [offer] = await api.offers('short', desk.provider)
  const book = () => api.post('/appointments', { slot_id: offer?.slot_id, patient })
  await untilAnswered('the gateway writes again', 201, withinMs, book)
}

async function untilAnswered(what: string, status: number, withinMs: number, ask: () => Promise<Answer>): Promise<void> {
  const others: Answer[] = []
  await until(what, withinMs, async () => {
    const answer = await ask()
    if (answer.status !== status) others.push(answer)
    return answer.status === status
  }).catch((error: unknown) => {
    throw new Error(`${error instanceof Error ? error.message : what}; answered: ${JSON.stringify(statuses(others))}`)
  })
}
