import { DEMO_MRN_SYSTEM } from '../../scripts/seed/demo-clinic.ts'
import { demoPatients } from '../../scripts/seed/demo-patients.ts'
import type { Api } from './api.ts'
import { clinicTime, MAPPING, openDesk, practitioner, type Desk } from './clinic.ts'
import type { Fhir } from './fhir.ts'

/** The patients whom the page offers by name: the first ones of `npm run seed`. */
export const CAST = demoPatients(DEMO_MRN_SYSTEM).slice(0, 3)
const VISIT_TYPE = 'check'

/** A desk of a test's own, and the demo's patients beside it. */
export async function openDemoDesk(fhir: Fhir, slots: number): Promise<Desk> {
  await fhir.putAll(CAST)
  const desk = await openDesk(fhir, { slots, start: clinicTime('09:00', 3) })
  await fhir.put({ ...practitioner(desk.provider), name: [{ family: 'Marsh', given: ['Ada'], prefix: ['Dr.'] }] })
  return desk
}

/** The demo clinic's way to know patients, and one kind of visit, which this desk alone offers. */
export function demoMapping(desk: Desk): Record<string, unknown> {
  return {
    clinic: { ...MAPPING.clinic, name: 'Harbor Lights Clinic' },
    identity: { ...MAPPING.identity, mrnSystem: DEMO_MRN_SYSTEM },
    visitTypes: [
      {
        code: VISIT_TYPE,
        title: 'Follow-up visit',
        minutes: 15,
        modalities: ['in-person', 'telehealth'],
        horizonDays: 60,
        match: { schedules: [`Schedule/${desk.schedule}`] },
      },
    ],
  }
}

/** Frees the demo's patients for the next test: they are the same ones in all of them. */
export async function cancelAll(api: Api): Promise<void> {
  for (const patient of CAST) {
    const ask = { headers: { 'x-patient': `Patient/${patient.id ?? ''}` } }
    const { body } = await api.get('/appointments', ask)
    const own = (body['appointments'] as { appointment_id: string }[]).filter((visit) => visit.appointment_id.startsWith('ap-'))
    for (const { appointment_id: id } of own) await api.post(`/appointments/${id}/cancel`, { patient: `Patient/${patient.id ?? ''}` })
  }
}
