import { SlotIds } from '../src/booking/slot-id.ts'
import type { ClinicMapping, VisitType } from '../src/clinic/mapping.ts'
import { PatientTokens } from '../src/intake/patient-token.ts'
import { StackError } from '../scripts/stack/console.ts'
import type { BenchClient, Prepared, Received } from './client.ts'
import type { Action } from './plan.ts'
import type { Side, Task } from './side.ts'
import type { Place, World } from './world.ts'

/** The visit type of the demo clinic that is booked. */
const VISIT_TYPE = 'follow-up'
const CLIENT = 'dev'
/** Development defaults of the gateway would do as well; written out, the bench can sign `slot_id`s and tokens itself. */
export const BENCH_SECRET = 'bench-only-secret-bench-only-secret'

/** The header by which recorded requests are told apart. */
export const REQUEST_ID = 'x-request-id'

/** What names an action of a patient. */
export function requestId(action: Action, patient: number): string {
  return `${action}-${patient}`
}

/** A chatbot in front of the gateway: bearer key, patient token, idempotency key, as the documentation recommends. */
export class GatewaySide implements Side {
  readonly name = 'gateway'
  readonly origin: string
  readonly #world: World
  readonly #slotIds: SlotIds
  readonly #type: VisitType
  readonly #tokens: readonly string[]
  readonly #visits = new Map<number, string>()

  private constructor(origin: string, world: World, mapping: ClinicMapping, tokens: readonly string[]) {
    const type = mapping.visitTypes.find(({ code }) => code === VISIT_TYPE)
    if (!type) throw new StackError(`mappings/demo-clinic.json has no visit type ${VISIT_TYPE} any more, which the bench books.`)
    this.origin = origin
    this.#world = world
    this.#slotIds = new SlotIds([BENCH_SECRET], mapping)
    this.#type = type
    this.#tokens = tokens
  }

  static async create(origin: string, world: World, mapping: ClinicMapping, patients: number): Promise<GatewaySide> {
    const tokens = new PatientTokens([BENCH_SECRET])
    const issued = Array.from({ length: patients }, (_, index) => tokens.issue(`Patient/${world.patientId(index)}`, CLIENT))
    return new GatewaySide(
      origin,
      world,
      mapping,
      (await Promise.all(issued)).map(({ token }) => token),
    )
  }

  prepare(action: Action, patient: number): Task {
    const prepared = this.#request(action, patient)
    let received: Received | undefined
    return {
      run: async (client: BenchClient) => {
        received = await client.send(prepared)
        return roundTrips(received)
      },
      settle: () => {
        const text = received?.text() ?? ''
        if (received?.status !== 200 && received?.status !== 201)
          throw new StackError(
            `The gateway answered ${action} of patient ${patient} with ${received?.status ?? 'nothing'}: ${text.slice(0, 500)}`,
          )
        if (action === 'hold') this.#visits.set(patient, (JSON.parse(text) as { hold_id: string }).hold_id)
      },
    }
  }

  #request(action: Action, patient: number): Prepared {
    const headers = {
      authorization: 'Bearer dev-key',
      'content-type': 'application/json',
      [REQUEST_ID]: requestId(action, patient),
      'idempotency-key': `${this.#world.name}-${requestId(action, patient)}`,
    }
    if (action === 'availability') return { method: 'GET', path: this.#availability(patient), headers }
    const visit = this.#visits.get(patient) ?? ''
    const [path, fields] = {
      book: () => ['/appointments', { slot_id: this.#slotId(this.#world.placeFor(patient, 'book')) }] as const,
      hold: () => ['/holds', { slot_id: this.#slotId(this.#world.placeFor(patient, 'hold')) }] as const,
      confirm: () => ['/appointments', { hold_id: visit }] as const,
      reschedule: () => [`/appointments/${visit}/reschedule`, { slot_id: this.#slotId(this.#world.placeFor(patient, 'move')) }] as const,
      cancel: () => [`/appointments/${visit}/cancel`, {}] as const,
    }[action]()
    return { method: 'POST', path, headers, body: JSON.stringify({ ...fields, patient_token: this.#tokens[patient] }) }
  }

  #availability(patient: number): string {
    const query = new URLSearchParams({ type: VISIT_TYPE, provider: this.#world.practitionerId(patient), start: this.#world.firstDay })
    return `/availability?${query.toString()}`
  }

  #slotId(place: Place): string {
    return this.#slotIds.make(place, this.#type, 'in-person')
  }
}

function roundTrips({ headers }: Received): number {
  const timing = headers['server-timing']
  return Number(/desc="(\d+) round trips"/.exec(typeof timing === 'string' ? timing : '')?.[1])
}
