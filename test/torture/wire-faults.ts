import type { Api } from '../helpers/api.ts'
import { checkEhr } from '../helpers/checker.ts'
import { unique } from '../helpers/clinic.ts'
import type { Fhir } from '../helpers/fhir.ts'
import type { Fault, TcpProxy } from '../helpers/tcp-proxy.ts'
import { prepareWrite, untilServing, type PreparedWrite, type WriteName } from '../helpers/writes.ts'
import { askUntilKnown } from './bot.ts'

/** Where the way of a transaction to the EHR and back is cut. */
export const WIRE_FAULTS = ['lose-request', 'cut-request', 'cut-answer', 'cut-midway', 'stall-answer', 'reset-later'] as const
export type WireFault = (typeof WIRE_FAULTS)[number]
/** A write without patient is safe by its key alone; it is the same transaction as a hold. */
export const FAULTED_WRITES: readonly WriteName[] = ['hold', 'book', 'confirm', 'reschedule', 'cancel']

/** `reset-later`: this many transactions of one request in a row meet a cut answer. */
const FAULTS_IN_A_ROW: Readonly<Partial<Record<WireFault, number>>> = { 'reset-later': 3 }
/**
 * Longest wait for a gateway that serves, in milliseconds: processes that have just started together each read the whole directory of
 * the clinic and reconcile it first.
 */
export const SERVING_WITHIN_MS = 60_000
/** Writes that are under way at a time: stalled ones take seconds. */
const AT_ONCE = 8

/** What became of many writes that met one fault. */
export interface FaultReport {
  readonly write: WriteName
  readonly fault: WireFault
  readonly count: number
  /** How often the bots had to ask in all. */
  readonly sent: number
  /** Longest time until the gateway served again after faults, in milliseconds; preparations included. */
  readonly pauseMs: number
  readonly problems: readonly string[]
}

/** Lets so many writes meet a fault each, and sees to it that each has one effect and its bot knows. */
export async function tortureWire(
  where: { readonly fhir: Fhir; readonly api: Api; readonly proxy: TcpProxy },
  write: WriteName,
  fault: WireFault,
  count: number,
): Promise<FaultReport> {
  const results: { sent: number; problems: string[] }[] = []
  let pauseMs = 0
  for (let done = 0; done < count; done += AT_ONCE) {
    // Cut answers in number open the circuit breaker, and that stays open for a moment after the last of them.
    const began = performance.now()
    await untilServing(where.fhir, where.api, SERVING_WITHIN_MS)
    pauseMs = Math.max(pauseMs, performance.now() - began)
    const prepared = await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, count - done) }, () => prepareWrite(write, where.fhir, where.api)),
    )
    const left = new Map(prepared.map((one) => [one, FAULTS_IN_A_ROW[fault] ?? 1]))
    const byRequest = new Map(prepared.map((one) => [unique('request'), one]))
    where.proxy.rule(({ kind, requestId }) => {
      const one = byRequest.get(requestId ?? '')
      const more = one ? (left.get(one) ?? 0) : 0
      if (!one || kind !== 'transaction' || more === 0) return 'pass'
      left.set(one, more - 1)
      return onWire(fault)
    })
    results.push(...(await Promise.all([...byRequest].map(([requestId, one]) => sendUntilKnown(where, one, requestId)))))
    where.proxy.pass()
  }
  return {
    write,
    fault,
    count: results.length,
    sent: results.reduce((sum, { sent }) => sum + sent, 0),
    pauseMs,
    problems: results.flatMap(({ problems }) => problems),
  }
}

function onWire(fault: WireFault): Fault {
  return fault === 'reset-later' ? 'cut-answer' : fault
}

async function sendUntilKnown(where: { fhir: Fhir; api: Api }, one: PreparedWrite, requestId: string): Promise<{ sent: number; problems: string[] }> {
  const problems: string[] = []
  const headers = { 'x-request-id': requestId }
  const told = await askUntilKnown([where.api], (api, { key }) => one.send(api, { key, headers }), {
    // "Nothing was written" has to be true at that moment.
    seen: async (answer) => {
      if (answer?.status === 503 && (await hasEffect(where.fhir, one))) problems.push(`${one.name} was called failed and stands`)
    },
  })
  if (told.answer?.status !== one.status) problems.push(`${one.name} ended with ${told.answer?.status} ${told.answer?.body.code}`)
  const verdict = await verdictOf(where.fhir, one)
  problems.push(...verdict.violations)
  if (verdict.live.length !== one.live || verdict.appointments.length !== 1)
    problems.push(`${one.name}: ${verdict.live.length} live of ${verdict.appointments.length} Appointments`)
  return { sent: told.sent, problems }
}

async function hasEffect(fhir: Fhir, one: PreparedWrite): Promise<boolean> {
  const { live, appointments } = await verdictOf(fhir, one)
  if (one.name === 'hold' || one.name === 'book') return appointments.length > 0
  if (one.name === 'cancel') return live.length === 0
  const versions: Partial<Record<WriteName, string>> = { confirm: '2', reschedule: '2' }
  return appointments.some((visit) => visit.meta?.versionId === versions[one.name])
}

function verdictOf(fhir: Fhir, { desk }: PreparedWrite) {
  return checkEhr(fhir, [desk.schedule], [`Practitioner/${desk.provider}`])
}
