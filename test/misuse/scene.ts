import { SlotIds } from '../../src/booking/slot-id.ts'
import { openDesk, testMapping, type Desk } from '../helpers/clinic.ts'
import type { Fhir } from '../helpers/fhir.ts'
import type { Door, Told } from './doors.ts'

/** Stands in everything that is made up here: wherever it turns up later, something invented got through. */
export const MARK = 'zqmisuse'

/** A desk of its own with two patients, and a bot that has verified the first one. */
export interface Scene {
  readonly door: Door
  readonly fhir: Fhir
  readonly desk: Desk
  /** Offers of the desk, soonest first. */
  readonly offers: readonly string[]
  /** An offer of somebody else at the time of the first one. */
  readonly sameTime: string
  /** Tokens of its two patients. */
  readonly token: string
  readonly otherToken: string
  /** A token that was issued to another client. */
  readonly strangeToken: string
  call(tool: string, args: Readonly<Record<string, unknown>>, key?: string): Promise<Told>
  hold(offer?: number, token?: string): Promise<string>
  book(offer?: number, token?: string): Promise<string>
}

/** Where a scene plays: a desk, and another one that is open at the time of its first Slot. */
export interface Stage {
  readonly desk: Desk
  readonly other: Desk
  readonly start: number
}

/** Builds a stage. Many are built before the first scene, so that the gateway reads the new Schedules once. */
export async function buildStage(fhir: Fhir, start: number): Promise<Stage> {
  const [desk, other] = await Promise.all([
    openDesk(fhir, { slots: 8, patients: 2, start }),
    openDesk(fhir, { slots: 1, patients: 0, start }),
  ])
  return { desk, other, start }
}

/** Sets a scene at a door. @param strange the same door with another client's key */
export async function setScene(fhir: Fhir, { desk, other, start }: Stage, door: Door, strange: Door): Promise<Scene> {
  const offers = await offersOf(door, desk.provider, start)
  const [sameTime = ''] = await offersOf(door, other.provider, start)
  const [token, otherToken, strangeToken] = await Promise.all([
    verify(door, desk.patients[0] ?? ''),
    verify(door, desk.patients[1] ?? ''),
    verify(strange, desk.patients[0] ?? ''),
  ])
  const hold = async (offer = 0, by = token) => {
    const { body } = await succeed(() => door.call('hold_time', { slot_id: offers[offer], patient_token: by }))
    return String(body['hold_id'])
  }
  return {
    ...{ door, fhir, desk, offers, sameTime, token, otherToken, strangeToken, hold },
    call: (tool, args, key) => door.call(tool, args, key),
    book: async (offer = 0, by = token) => {
      const hold_id = await hold(offer, by)
      const { body } = await succeed(() => door.call('confirm_booking', { hold_id, patient_token: by }))
      return String(body['appointment_id'])
    },
  }
}

async function offersOf(door: Door, provider: string, start: number): Promise<string[]> {
  const window = { start: new Date(start).toISOString(), end: new Date(start + 86_400_000).toISOString() }
  const { body } = await succeed(() => door.call('find_times', { type: 'short', provider, limit: 5, ...window }))
  return (body['slots'] as { slot_id: string }[]).map(({ slot_id }) => slot_id)
}

async function verify(door: Door, patient: string): Promise<string> {
  const mrn = `mrn-${patient.slice('Patient/'.length)}`
  const { body } = await succeed(() => door.call('start_intake', { type: 'short', patient: { mrn, birth_date: '1980-01-02' } }), 'eligible')
  return String(body['patient_token'])
}

/** What comes before a misuse has to work; a bot asks again where the gateway says that it may. */
export async function succeed(ask: () => Promise<Told>, outcome = 'ok'): Promise<Told> {
  for (let tries = 1; ; tries++) {
    const told = await ask()
    if (told.outcome === outcome) return told
    if (told.body['retryable'] !== true || tries === 5) throw new Error(`expected ${outcome}: ${told.outcome} ${told.message}`)
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
}

/** A `slot_id` for a Slot and start of one's own choice, signed with a secret. */
export function forge(slotId: string, scheduleId: string, start: number, secret: string): string {
  const mapping = testMapping()
  const [type] = mapping.visitTypes
  if (!type) throw new Error('no visit type')
  return new SlotIds([secret], mapping).make({ slotId, scheduleId, start }, type, 'in-person')
}
