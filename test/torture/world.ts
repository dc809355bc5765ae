import type { Schedule } from 'fhir/r4.js'
import type { Api } from '../helpers/api.ts'
import { clinicTime, openDesk, type Desk } from '../helpers/clinic.ts'
import type { Fhir } from '../helpers/fhir.ts'

/** A time that can be booked. */
export interface Place {
  readonly desk: Desk
  /** FHIR id of the Slot. */
  readonly slot: string
  /** The signed id of its offer. */
  readonly slotId: string
  readonly start: string
}

/** Desks with Slots, and people who want them. */
export interface World {
  readonly desks: readonly Desk[]
  readonly places: readonly Place[]
  readonly patients: readonly string[]
}

const SLOTS_PER_DESK = 40

/** How large a world is, and which visits its Slots serve. */
export interface WorldOptions {
  readonly slots: number
  readonly patients: number
  /** Visit type of the clinic's mapping, of one Slot's length and without buffers; default: the tests' own. */
  readonly type?: string
  /** What a Schedule has to say so that the mapping finds its Slots for the type. */
  readonly plan?: Partial<Schedule>
}

/** Puts a new world into the EHR and reads the offers of all its Slots. */
export async function buildWorld(fhir: Fhir, api: Api, options: WorldOptions): Promise<World> {
  const desks: Desk[] = []
  const { plan = {}, type = 'short' } = options
  for (let left = options.slots; left > 0; left -= SLOTS_PER_DESK) {
    const patients = desks.length === 0 ? options.patients : 0
    desks.push(await openDesk(fhir, { slots: Math.min(left, SLOTS_PER_DESK), patients, start: clinicTime('08:00'), plan }))
  }
  const places = await Promise.all(desks.map((desk) => placesOf(desk, api, type)))
  return { desks, places: places.flat(), patients: desks[0]?.patients ?? [] }
}

async function placesOf(desk: Desk, api: Api, type: string): Promise<Place[]> {
  const offers = await api.offers(type, desk.provider)
  return desk.slots.map((slot) => {
    const offer = offers.find(({ start }) => start === slot.start)
    if (!offer) throw new Error(`no offer for Slot/${slot.id ?? ''}`)
    return { desk, slot: slot.id ?? '', slotId: offer.slot_id, start: slot.start }
  })
}
