import { hasCoding, parseCodingToken } from '../fhir/codings.ts'
import type { BookingDeps } from '../booking/deps.ts'
import type { Call } from '../booking/ports.ts'
import type { VisitType } from '../clinic/mapping.ts'
import type { ScheduleInfo } from '../scheduling/directory.ts'
import { passesFilter } from '../scheduling/offers.ts'
import { offersType } from '../scheduling/policies.ts'
import type { IntakeAnswer, IntakeBody } from './intake-request.ts'

/** A directory that is not in memory yet may take long to read; then availability tells. In milliseconds. */
const DIRECTORY_WITHIN_MS = 1_000

/**
 * What staff have to arrange, or what is booked elsewhere; `undefined` when the chatbot may go on.
 * Without an answer of the EHR it goes on: availability will tell.
 */
export async function staffMatter(deps: BookingDeps, type: VisitType, body: IntakeBody, call: Call): Promise<IntakeAnswer | undefined> {
  const { phone } = deps.mapping.clinic
  if (type.portal) return elsewhere(type.portal, phone)
  if (body.exception !== undefined) {
    return forStaff('exception_requested', `That needs the staff's agreement. Shall I pass it on to them? Or call them at ${phone}.`)
  }
  if (!type.bookable)
    return forStaff('other', `The staff will arrange that with you. Shall I pass it on to them? Or call them at ${phone}.`)
  if (await isOffered(deps, type, body, call)) return undefined
  const answer = forStaff(
    'exception_requested',
    `That kind of visit is not offered online there. I can look for it elsewhere, or pass your wish on to the staff. Or call them at ${phone}.`,
  )
  return { ...answer, next_actions: ['find_availability', ...answer.next_actions] }
}

function forStaff(reason: string, message: string): IntakeAnswer {
  return { outcome: 'needs_staff', escalation_reason: reason, message, next_actions: ['escalate', 'contact_staff'] }
}

function elsewhere({ url, label }: NonNullable<VisitType['portal']>, phone: string): IntakeAnswer {
  return {
    outcome: 'needs_staff',
    portal_url: url,
    portal_label: label,
    message: `That kind of visit is booked in another place: please use the button "${label}". Or call the clinic at ${phone}.`,
    next_actions: ['open_portal', 'contact_staff'],
  }
}

/** Whether the provider, the specialty and the place that are asked for have the visit type at all. */
async function isOffered({ directories }: BookingDeps, type: VisitType, body: IntakeBody, call: Call): Promise<boolean> {
  const { specialty } = body
  const providerId = body.provider?.replace(/^Practitioner\//, '')
  const locationId = body.location?.replace(/^Location\//, '')
  if (providerId === undefined && locationId === undefined && specialty === undefined) return true
  if (providerId !== undefined && type.providers?.includes(`Practitioner/${providerId}`) === false) return false
  const soon: Call = { ...call, deadline: Math.min(call.deadline, performance.now() + DIRECTORY_WITHIN_MS) }
  const snapshot = await directories.current(soon).catch(() => undefined)
  if (!snapshot) return true
  const offering = [...snapshot.directory.schedules.values()].filter((schedule) => offersType(schedule, type))
  const asked = offering.filter((schedule) => passesFilter(schedule, { providerId, locationId }))
  return asked.length > 0 && (specialty === undefined || hasSpecialty(specialty, type, asked))
}

/** By the codings of the visit type, or else those of the Schedules. Where nothing is said of specialties, nothing contradicts. */
function hasSpecialty(asked: string, type: VisitType, schedules: readonly ScheduleInfo[]): boolean {
  const ofType = [...type.match.specialty, ...type.writes.specialty]
  if (ofType.length > 0) return ofType.some((text) => text === asked || parseCodingToken(text).code === asked)
  const ofSchedules = schedules.flatMap((schedule) => schedule.resource.specialty ?? [])
  if (ofSchedules.length === 0) return true
  return asked.includes('|')
    ? hasCoding(ofSchedules, [asked])
    : ofSchedules.some(({ coding = [] }) => coding.some(({ code }) => code === asked))
}
