import type { Answer, Api } from '../helpers/api.ts'
import { askUntilKnown, type Told } from './bot.ts'
import type { Random } from './random.ts'
import type { VisitRequest } from './slot-history.ts'
import type { Place, World } from './world.ts'

/** What a patient has, as far as the bot was told. `lost`: an outcome never became known, so nothing is known of this patient. */
export type Holding = { readonly kind: 'nothing' } | { readonly kind: 'lost' } | Visit

interface Visit {
  readonly kind: 'visit'
  readonly id: string
  readonly place: Place
}

/** A patient whose bot books, moves and cancels at random, one request after the other. */
export class PatientLife {
  readonly patient: string
  readonly #world: World
  readonly #apis: readonly Api[]
  readonly #random: Random
  readonly #history: VisitRequest[]
  #holding: Holding = { kind: 'nothing' }
  /** Requests whose outcome became known, and how often they had to be sent in all. */
  known = 0
  sent = 0

  /** @param history every request is added to it, for the check of each Slot's history */
  constructor(patient: string, world: World, apis: readonly Api[], random: Random, history: VisitRequest[]) {
    this.patient = patient
    this.#world = world
    this.#apis = apis
    this.#random = random
    this.#history = history
  }

  get holding(): Holding {
    return this.#holding
  }

  /** One request, or two for a hold and what becomes of it. */
  async step(): Promise<void> {
    const had = this.#holding
    if (had.kind === 'lost') return
    if (had.kind === 'nothing') return this.#random.next() < 0.6 ? this.#book() : this.#holdAndDecide()
    return this.#random.next() < 0.55 ? this.#move(had) : this.#cancel(had)
  }

  async #book(): Promise<void> {
    const place = this.#pick()
    const told = await this.#ask((api, ask) => api.post('/appointments', { slot_id: place.slotId, patient: this.patient }, ask))
    this.#noteTake(told, place)
    if (told.kind === 'ok') this.#holding = { kind: 'visit', id: idOf(told), place }
  }

  async #holdAndDecide(): Promise<void> {
    const place = this.#pick()
    const hold = await this.#ask((api, ask) => api.post('/holds', { slot_id: place.slotId, patient: this.patient }, ask))
    this.#noteTake(hold, place)
    if (hold.kind !== 'ok') return
    const id = idOf(hold)
    if (this.#random.next() < 0.7) {
      const told = await this.#ask((api, ask) => api.post('/appointments', { hold_id: id, patient: this.patient }, ask))
      if (told.kind === 'refused') throw new Error(`a live hold was not confirmed: ${JSON.stringify(told.answer?.body)}`)
      if (told.kind === 'ok') this.#holding = { kind: 'visit', id, place }
      return
    }
    const headers = { 'x-patient': this.patient }
    this.#noteGive(await this.#ask((api, ask) => api.delete(`/holds/${id}`, { ...ask, headers })), id, place)
  }

  async #move(had: Visit): Promise<void> {
    const to = this.#pick()
    const body = { slot_id: to.slotId, patient: this.patient }
    const told = await this.#ask((api, ask) => api.post(`/appointments/${had.id}/reschedule`, body, ask))
    this.#note(told, { kind: 'move', appointment: had.id, from: had.place.slot, to: to.slot })
    if (told.kind === 'ok') this.#holding = { ...had, place: to }
  }

  async #cancel(had: Visit): Promise<void> {
    const told = await this.#ask((api, ask) => api.post(`/appointments/${had.id}/cancel`, { patient: this.patient }, ask))
    if (told.kind === 'refused') throw new Error(`an own visit was not cancelled: ${JSON.stringify(told.answer?.body)}`)
    this.#noteGive(told, had.id, had.place)
    if (told.kind === 'ok') this.#holding = { kind: 'nothing' }
  }

  /** A few Slots are wanted more than the others: there the races are. */
  #pick(): Place {
    const { places } = this.#world
    const hot = Math.max(1, Math.floor(places.length / 5))
    return this.#random.next() < 0.5 ? this.#random.pick(places.slice(0, hot)) : this.#random.pick(places)
  }

  async #ask(send: (api: Api, ask: { key: string }) => Promise<Answer>): Promise<Told> {
    const told = await askUntilKnown(this.#apis, send)
    this.sent += told.sent
    if (told.kind === 'unknown') this.#holding = { kind: 'lost' }
    else this.known++
    return told
  }

  #noteTake(told: Told, place: Place): void {
    const appointment = told.kind === 'ok' ? idOf(told) : `${this.patient} ${told.invoked}`
    this.#note(told, { kind: 'take', appointment, slot: place.slot })
  }

  #noteGive(told: Told, appointment: string, place: Place): void {
    this.#note(told, { kind: 'give', appointment, slot: place.slot })
  }

  #note(told: Told, request: Asked): void {
    const { invoked, returned } = told
    this.#history.push({ ...request, invoked, returned, outcome: outcomeOf(told) })
  }
}

/** A request as far as it is known before its answer. */
type Asked =
  | { readonly kind: 'take' | 'give'; readonly appointment: string; readonly slot: string }
  | { readonly kind: 'move'; readonly appointment: string; readonly from: string; readonly to: string }

function idOf(told: Told): string {
  return told.answer?.body.appointment_id ?? ''
}

/** Only "taken" may refuse these requests: the patient has one visit at a time, and every time is allowed. */
function outcomeOf(told: Told): VisitRequest['outcome'] {
  if (told.kind !== 'refused') return told.kind
  if (told.answer?.body.code === 'slot_taken') return 'taken'
  throw new Error(`refused for no reason that can be: ${told.answer?.status} ${JSON.stringify(told.answer?.body)}`)
}
