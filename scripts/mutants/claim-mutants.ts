import type { Mutant } from './mutant.ts'

const CLAIM_SET = 'src/scheduling/claim-set.ts'
const WINDOW = 'src/scheduling/window.ts'

/** Defects in what a visit claims, and in when a claim ends. */
export const CLAIM_MUTANTS: readonly Mutant[] = [
  {
    name: 'early expiry of Appointments',
    danger: "A hold is ended by the gateway's own clock, while its patient is still being asked.",
    file: WINDOW,
    text: 'expires !== undefined && expires <= now',
    replacement: 'expires !== undefined && expires <= Date.now()',
  },
  {
    name: 'early expiry of claims',
    danger: 'A time that is still held is offered to others some seconds too early.',
    file: WINDOW,
    text: 'claim.until !== undefined && claim.until <= now',
    replacement: 'claim.until !== undefined && claim.until - 5_000 <= now',
  },
  {
    name: 'expired hold confirmed',
    danger: 'A hold is confirmed after its time, when others were told that it is free.',
    file: 'src/scheduling/transitions.ts',
    text: "lapsed: 'hold_expired',",
    replacement: "lapsed: 'go',",
  },
  {
    name: 'claim without a change of content',
    danger: 'HAPI does not raise the version of an unchanged Slot: two who write the same do not exclude each other.',
    file: 'src/fhir/slot-claim.ts',
    text: "    { url: 'version', valueString: claim.version },\n",
    replacement: '',
  },
  {
    name: "release of another's claim",
    danger: 'Giving back a time frees the time of another visit, and it is booked twice.',
    file: 'src/scheduling/write.ts',
    text: 'slot.claim && leavers.includes(slot.claim.appointmentId)',
    replacement: 'slot.claim',
  },
  {
    name: 'buffers ignored',
    danger: 'The next visit begins in the buffer.',
    file: CLAIM_SET,
    text: 'const padded = pad(visit, wish.bufferBeforeMinutes, wish.bufferAfterMinutes)',
    replacement: 'const padded = pad(visit, 0, 0)',
  },
  {
    name: "siblings' Slots ignored",
    danger: 'One practitioner is booked at one time on two Schedules.',
    file: CLAIM_SET,
    text: 'for (const sibling of window.directory.siblings(schedule)) {',
    replacement: 'for (const sibling of [schedule]) {',
  },
  {
    name: 'front-desk Appointments ignored',
    danger: 'A visit is booked over one that the clinic entered itself.',
    file: CLAIM_SET,
    text: 'visit.actors.some((actor) => schedule.exclusiveActors.includes(actor)))',
    replacement: 'appointmentIdOf(visit.appointment) !== undefined)',
  },
  {
    name: 'rooms not exclusive',
    danger: 'Two practitioners are booked into one room.',
    file: 'src/scheduling/directory.ts',
    text: "return location?.physicalType?.coding?.some((coding) => EXCLUSIVE_PLACES.includes(coding.code ?? '')) ?? false",
    replacement: "return location?.name === 'none'",
  },
  {
    name: 'a role is another person',
    danger: 'One practitioner is booked twice, by name and by role.',
    file: 'src/scheduling/directory.ts',
    text: 'return referenceText(role?.practitioner) ?? referenceText(reference)',
    replacement: 'return role?.id === undefined ? referenceText(reference) : referenceText(reference)',
  },
]
