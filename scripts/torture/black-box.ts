import type { Schedule } from 'fhir/r4.js'
import { loadMapping } from '../../src/clinic/load-mapping.ts'
import type { VisitType } from '../../src/clinic/mapping.ts'
import { parseCodingToken } from '../../src/fhir/codings.ts'
import { Api } from '../../test/helpers/api.ts'
import { Fhir } from '../../test/helpers/fhir.ts'
import { runMixedLoad } from '../../test/torture/mixed-load.ts'
import type { Random } from '../../test/torture/random.ts'
import { buildWorld } from '../../test/torture/world.ts'
import { say, StackError } from '../stack/console.ts'
import { noteLoad } from './phases.ts'
import type { TortureReport } from './report.ts'

/** Where the gateway is, and what it needs. */
export interface BlackBoxOptions {
  readonly baseUrl: string
  readonly fhir?: string | undefined
  readonly key?: string | undefined
  readonly mapping?: string | undefined
  readonly type?: string | undefined
  readonly quick?: boolean | undefined
}

/** The same load and the same checks on a gateway that somebody else started. It needs a client key with the scope `patients:any`. */
export async function blackBoxPhase(options: BlackBoxOptions, random: Random, report: TortureReport): Promise<void> {
  const { fhir: fhirUrl, key } = options
  if (fhirUrl === undefined || key === undefined)
    throw new StackError(
      '--base-url needs --fhir URL (to check what the EHR holds) and --key KEY (a client key with the scope patients:any)',
    )
  const mapping = loadMapping(options.mapping ?? 'mappings/demo-clinic.json')
  const type = pickType(mapping.visitTypes, options.type)
  const fhir = new Fhir(fhirUrl.replace(/\/+$/, ''))
  const api = new Api(options.baseUrl.replace(/\/+$/, ''), key)
  await assertUsable(api, fhir, options.baseUrl, fhirUrl, type)
  const plan = planFor(type)
  const requests = options.quick === true ? 300 : 2_000
  say(`${requests} requests for visits of type ${type.code}`)
  const world = await buildWorld(fhir, api, { slots: 40, patients: 24, type: type.code, plan })
  const load = await runMixedLoad(world, [api], random, { requests })
  await noteLoad({ fhir, redisUrl: '', random, report }, 'this installation', world, load)
  for (const { holding } of load.lives) if (holding.kind === 'visit') await api.post(`/appointments/${holding.id}/cancel`, {})
  for (const desk of world.desks) await fhir.put({ ...(await fhir.read('Schedule', desk.schedule)), active: false })
  say('What was left is cancelled, and the Schedules made for this are inactive')
}

/** @throws StackError that says which of the two addresses, or the key, does not serve */
async function assertUsable(api: Api, fhir: Fhir, baseUrl: string, fhirUrl: string, type: VisitType): Promise<void> {
  const answer = await api.get(`/availability?type=${type.code}`).catch(() => undefined)
  if (!answer) throw new StackError(`No gateway answers at --base-url ${baseUrl}.`)
  if (answer.status !== 200)
    throw new StackError(`The gateway at ${baseUrl} answers ${answer.status} ${answer.body.code}: ${String(answer.body['detail'])}`)
  await fhir.search('Schedule', '_count=1').catch(() => {
    throw new StackError(`No FHIR server answers a search at --fhir ${fhirUrl}. It has to be the one behind the gateway.`)
  })
}

/** One Slot a visit, any time of the next weeks, found by codings a Schedule can carry. */
function pickType(types: readonly VisitType[], code: string | undefined): VisitType {
  const fits = (type: VisitType): boolean =>
    type.minutes <= 15 &&
    type.bufferBeforeMinutes + type.bufferAfterMinutes + type.minDaysBetween === 0 &&
    type.bookable &&
    type.portal === undefined &&
    type.providers === undefined &&
    type.match.schedules.length + type.match.appointmentType.length === 0 &&
    type.horizonDays >= 21
  const found = types.find((type) => (code === undefined || type.code === code) && fits(type))
  if (found) return found
  throw new StackError(
    `No visit type${code === undefined ? '' : ` ${code}`} fits: at most 15 minutes, no buffers, no providers, no minDaysBetween, matched by serviceType or specialty alone, a horizon of 21 days.`,
  )
}

function planFor({ match }: VisitType): Partial<Schedule> {
  const concepts = (codings: readonly string[]) => codings.slice(0, 1).map((coding) => ({ coding: [parseCodingToken(coding)] }))
  return {
    ...(match.serviceType.length > 0 && { serviceType: concepts(match.serviceType) }),
    ...(match.specialty.length > 0 && { specialty: concepts(match.specialty) }),
  }
}
