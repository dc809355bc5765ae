import type { FhirResource, Patient } from 'fhir/r4.js'
import type { Temporal } from 'temporal-polyfill'
import type { ClinicMapping } from '../../src/clinic/mapping.ts'
import { demoClinic } from '../seed/demo-clinic.ts'
import { demoPatients, patientId } from '../seed/demo-patients.ts'
import { loadResources } from '../seed/load.ts'
import { say } from '../stack/console.ts'
import type { DevStack } from '../stack/dev-stack.ts'
import type { GatewayApi } from './api.ts'
import type { BareEhr } from './ehr.ts'

/** The practitioner and Schedule both patients want. */
export const PROVIDER = { id: 'demo-ada-marsh', name: 'Dr. Ada Marsh', schedule: 'Schedule/demo-ada-marsh-clinic' } as const
export const VISIT_TYPE = 'follow-up'

/** A patient of the story and the chatbot that speaks for her. */
export interface Visitor {
  readonly name: string
  readonly bot: string
  readonly reference: string
  readonly mrn: string
  readonly birthDate: string
}

/** The two who want the same time, and one more to try things with. */
export interface Cast {
  readonly first: Visitor
  readonly second: Visitor
  readonly guest: Visitor
}

/** The first patients of the demo clinic: nobody else's visits are touched. */
export function castOf(mapping: ClinicMapping): Cast {
  const people = demoPatients(mapping.identity.mrnSystem)
  return { first: visitor(people, 1), second: visitor(people, 2), guest: visitor(people, 3) }
}

/** Loads the demo clinic unless the patients and tomorrow's Slots are there already. */
export async function ensureSeeded(stack: DevStack, mapping: ClinicMapping, today: Temporal.PlainDate, ehr: BareEhr): Promise<void> {
  const { clinic, identity } = mapping
  const wanted = demoClinic(today, clinic.timeZone, identity.mrnSystem)
  const found = await ehr.patientsWith(`${identity.mrnSystem}|${castOf(mapping).second.mrn}`)
  if (found.length > 0 && (await ehr.hasSlot(lastSlotOn(wanted, today.add({ days: 1 }))))) return
  say('\nLoading the demo clinic, as npm run seed does')
  await loadResources(stack.fhirBaseUrl, wanted, {
    onProgress: ({ resourceType, total, created, present, kept }) => {
      if (created + present + kept === total) say(`  ${resourceType} ${total}`)
    },
  })
}

/** Slots are loaded in order, so the practitioner's last one of a day stands for the others. */
function lastSlotOn(resources: readonly FhirResource[], day: Temporal.PlainDate): string {
  const slots = resources.filter((resource) => resource.resourceType === 'Slot')
  return slots.findLast((slot) => slot.schedule.reference === PROVIDER.schedule && slot.start.startsWith(day.toString()))?.id ?? ''
}

/** Cancels through the gateway what earlier runs left to the two patients, so that the story can be told again. */
export async function cancelLeftovers(api: GatewayApi, visitors: readonly Visitor[]): Promise<void> {
  for (const visitor of visitors) {
    const { token } = await intakeOf(api, visitor)
    const { body } = await api.get('/appointments', { token })
    const own = body.appointments.filter((visit) => visit.state === 'held' || visit.state === 'booked')
    for (const visit of own.filter((visit) => visit.appointment_id.startsWith('ap-'))) {
      const answer = await api.post(`/appointments/${visit.appointment_id}/cancel`, { patient_token: token })
      say(
        answer.status === 200
          ? `An earlier run left ${visitor.name} a visit on ${visit.local_start}: cancelled`
          : `An earlier run left ${visitor.name} a visit on ${visit.local_start}, and cancelling it failed (${answer.body.code})`,
      )
    }
  }
}

/** `POST /intake` by record number and birth date. */
export async function intakeOf(api: GatewayApi, visitor: Visitor) {
  const answer = await api.post('/intake', { type: VISIT_TYPE, patient: { mrn: visitor.mrn, birth_date: visitor.birthDate } })
  return { answer, token: answer.body.patient_token }
}

function visitor(people: readonly Patient[], number: number): Visitor {
  const patient = people[number - 1]
  const name = patient?.name?.[0]
  const given = name?.given?.[0] ?? ''
  return {
    name: `${given} ${name?.family ?? ''}`,
    bot: `${given}'s bot`,
    reference: `Patient/${patientId(number)}`,
    mrn: patient?.identifier?.[0]?.value ?? '',
    birthDate: patient?.birthDate ?? '',
  }
}
