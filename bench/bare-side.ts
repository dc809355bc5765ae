import { StackError } from '../scripts/stack/console.ts'
import type { BenchClient, Prepared, Received } from './client.ts'
import { requestId } from './gateway-side.ts'
import type { Action } from './plan.ts'
import type { Recorder } from './recorder.ts'
import type { Side, Task } from './side.ts'
import type { World } from './world.ts'

/** Ids that the gateway derives by hashing: of visits, receipts, and whatever else it guards. */
const DERIVED_ID = /-([0-9a-hjkmnp-tv-z]{16,})(?![0-9a-z])/g
const NEW_ID = /Appointment\/([A-Za-z0-9\-.]+)\/_history/

/**
 * The same FHIR requests without a gateway: those recorded from it, moved to another world by renaming ids. Every one is a
 * real write on Slots of its own, in the same neighbourhood, with the same versions.
 */
export class BareSide implements Side {
  readonly name = 'bare'
  readonly origin: string
  readonly #fhirBaseUrl: string
  readonly #recorder: Recorder
  readonly #from: World
  readonly #to: World
  /** By patient: the server's id of the visit, recorded and own. */
  readonly #recordedIds = new Map<number, string>()
  readonly #ownIds = new Map<number, string>()

  constructor(fhirBaseUrl: string, recorder: Recorder, worlds: { readonly from: World; readonly to: World }) {
    this.origin = new URL(fhirBaseUrl).origin
    this.#fhirBaseUrl = fhirBaseUrl
    this.#recorder = recorder
    this.#from = worlds.from
    this.#to = worlds.to
  }

  prepare(action: Action, patient: number): Task {
    const requests = this.#requests(action, patient)
    const answers: Received[] = []
    return {
      run: async (client: BenchClient) => {
        for (const request of requests) answers.push(await client.send(request))
        return requests.length
      },
      settle: () => {
        const failed = answers.find(({ status }) => status !== 200)
        if (failed)
          throw new StackError(
            `The FHIR server answered the bare ${action} of patient ${patient} with ${failed.status}: ${failed.text().slice(0, 500)}`,
          )
        const id = NEW_ID.exec(action === 'hold' ? (answers.at(-1)?.text() ?? '') : '')?.[1]
        if (id !== undefined) this.#ownIds.set(patient, id)
      },
    }
  }

  #requests(action: Action, patient: number): Prepared[] {
    const recorded = this.#recorder.of(requestId(action, patient))
    if (recorded.length === 0)
      throw new StackError(`Nothing was recorded of ${action} of patient ${patient}: does the gateway still pass X-Request-Id on?`)
    if (action === 'confirm') this.#learnRecordedId(patient, recorded.at(-1)?.body ?? '')
    return recorded.map(({ path, headers, body }) => ({ method: 'POST', path, headers, body: this.#moved(body, patient) }))
  }

  /** The confirmation is the first request that names the visit by the id the server gave it. */
  #learnRecordedId(patient: number, transaction: string): void {
    const id = /"url":"Appointment\/([A-Za-z0-9\-.]+)"/.exec(transaction)?.[1]
    if (id === undefined)
      throw new StackError('The recorded confirmation changes no Appointment: the bench does not know how to repeat it.')
    this.#recordedIds.set(patient, id)
  }

  #moved(body: string, patient: number): string {
    const moved = body
      .replaceAll(this.#recorder.baseUrl, this.#fhirBaseUrl)
      .replaceAll(this.#from.prefix, this.#to.prefix)
      .replace(DERIVED_ID, `-${this.#to.name}$1`)
    const [recorded, own] = [this.#recordedIds.get(patient), this.#ownIds.get(patient)]
    if (recorded === undefined || own === undefined) return moved
    return moved.replaceAll(`"id":"${recorded}"`, `"id":"${own}"`).replaceAll(`Appointment/${recorded}"`, `Appointment/${own}"`)
  }
}
