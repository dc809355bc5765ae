import type { Appointment, Slot } from 'fhir/r4.js'
import { settleOutcome } from '../../src/booking/settle-outcome.ts'
import { appointmentIdOf } from '../../src/fhir/appointment.ts'
import { act, describeAnswer, isNoVerdict, typeNamed, type Request } from './act.ts'
import type { Cluster } from './cluster.ts'
import { Incidents } from './incidents.ts'
import { Ledger, type Attempt } from './ledger.ts'
import { isAction, type ActionName, type Deed, type IncidentName, type Plan } from './plan.ts'
import { Random } from './random.ts'
import { offerOf, slotsOf } from './world.ts'

/** An unknown outcome is settled after this time at the earliest, in milliseconds. */
const SETTLE_AFTER_MS = 31_000
/** Numbers by which the chance of different parts of one deed is told apart; rounds count from 0. */
const TWIN = 10
const SETTLING = 500
const PAUSES = 1000

/** What a caller believes in the end. */
export type Belief = 'success' | 'refused' | 'unknown' | 'not asked'

interface Round {
  readonly belief: Belief
  /** Nothing more will be tried. */
  readonly isFinal: boolean
}

/** Plays a plan on a cluster: callers who try until they know, and what happens meanwhile. */
export class Story {
  readonly ledger: Ledger
  readonly incidents: Incidents
  readonly beliefs = new Map<number, Belief>()
  readonly #plan: Plan
  readonly #cluster: Cluster
  /** The visit that each deed made or was about. */
  readonly #visits = new Map<number, string>()
  readonly #ended = new Map<number, Promise<void>>()
  readonly #slots: readonly Slot[]

  constructor(plan: Plan, cluster: Cluster, trace?: (line: string) => void) {
    this.#plan = plan
    this.#cluster = cluster
    this.ledger = new Ledger(cluster, plan.seed, trace)
    this.incidents = new Incidents(plan, cluster, this.ledger)
    this.#slots = slotsOf(plan.world)
  }

  /** Begins a deed when its moment has come; nothing is waited for. */
  begin(deed: Deed): void {
    const { about } = deed
    const waited = about === undefined ? undefined : this.#ended.get(about)
    const start = async (): Promise<void> => {
      await waited
      await this.#cluster.time.sleep(deed.atMs)
      if (isAction(deed)) return this.#perform(deed)
      return this.incidents.happen(deed as Deed & { kind: IncidentName }, this.#visits.get(about ?? -1) ?? '')
    }
    this.#ended.set(deed.id, start())
  }

  /** A caller wants something: he tries until he knows, as often as his patience lasts. */
  async #perform(deed: Deed & { kind: ActionName }): Promise<void> {
    const request = this.#requestOf(deed)
    this.beliefs.set(deed.id, 'not asked')
    if (!request) return
    const random = new Random(this.#plan.seed, deed.id, PAUSES)
    for (let round = 0; round <= deed.retries; round++) {
      const { belief, isFinal } = await this.#ask(deed, request, round)
      // "Try again" says nothing about what went before.
      const saysNothing = belief === 'refused' && !isFinal && this.beliefs.get(deed.id) === 'unknown'
      if (!saysNothing) this.beliefs.set(deed.id, belief)
      if (isFinal) return
      await this.#cluster.time.sleep(random.below(round === 0 ? 200 : 3_000))
    }
  }

  #requestOf(deed: Deed & { kind: ActionName }): Request | undefined {
    const slot = this.#slots[deed.slot]
    const appointmentId = deed.about === undefined ? '' : this.#visits.get(deed.about)
    if (!slot || appointmentId === undefined) return undefined
    if (deed.about !== undefined) this.#visits.set(deed.id, appointmentId)
    const patient = deed.patient === undefined ? {} : { patient: `Patient/pat${deed.patient}` }
    return {
      action: deed.kind,
      caller: { clientId: 'bot', anyPatient: deed.anyPatient, ...patient },
      key: deed.key,
      offer: offerOf(slot, typeNamed(this.#cluster.mapping, deed.type)),
      appointmentId,
      expectedVersion: deed.expectsVersion ? this.#visit(appointmentId)?.meta?.versionId : undefined,
    }
  }

  /** Sends the request, and its twin; asks what became of it where nobody knows. */
  async #ask(deed: Deed, request: Request, round: number): Promise<Round> {
    const sends = [this.#send(deed, request, round, deed.process + round)]
    if (deed.twin && round === 0) sends.push(this.#send(deed, request, TWIN, deed.process + 1))
    const attempts = await Promise.all(sends)
    const answers = attempts.map(({ answer }) => answer)
    const success = answers.find((answer) => answer?.kind === 'success')
    if (success) return this.#succeeded(deed, appointmentIdOf(success.result.appointment) ?? '')
    const open = attempts.find(({ answer }) => answer === undefined || answer.kind === 'unknown')
    if (!open) return { belief: 'refused', isFinal: !answers.every(isNoVerdict) }
    if (deed.settles && open.answer?.kind === 'unknown') return this.#settle(deed, open, open.answer.receiptId)
    return { belief: 'unknown', isFinal: false }
  }

  async #send(deed: Deed, request: Request, number: number, processIndex: number): Promise<Attempt> {
    const process = this.#cluster.process(processIndex)
    const attempt = this.ledger.begin(deed, `${deed.kind}-${deed.id}.${number}`, process, request)
    const answer = await this.ledger.onBehalf(process, deed.id, number, () => act(process.deps, request, this.ledger.call(attempt)))
    if (answer !== undefined) this.ledger.end(attempt, answer)
    this.ledger.trace(`${attempt.requestId} hears: ${describeAnswer(answer)}`)
    return attempt
  }

  async #settle(deed: Deed, attempt: Attempt, receiptId: string): Promise<Round> {
    const { time } = this.#cluster
    const since = time.now() + attempt.process.skewMs
    await time.sleep(SETTLE_AFTER_MS)
    const process = this.#cluster.process(deed.process)
    const call = { requestId: `${attempt.requestId}-settle` }
    const state = await this.ledger.onBehalf(process, deed.id, SETTLING, () =>
      settleOutcome(process.deps, { receiptId, since }, this.ledger.call(call)).catch(() => undefined),
    )
    // Nobody escalates here.
    attempt.settled = state === undefined || state.state === 'escalated' ? 'pending' : state.state
    this.ledger.trace(`${attempt.requestId} is told: ${attempt.settled}`)
    if (state?.state === 'succeeded') return this.#succeeded(deed, state.appointmentId)
    return { belief: state?.state === 'failed' ? 'refused' : 'unknown', isFinal: false }
  }

  #succeeded(deed: Deed, appointmentId: string): Round {
    this.#visits.set(deed.id, appointmentId)
    return { belief: 'success', isFinal: true }
  }

  #visit(appointmentId: string): Appointment | undefined {
    return this.#cluster.store.all('Appointment').find((visit) => appointmentIdOf(visit) === appointmentId)
  }
}
