import type { Mutant } from './mutant.ts'

/** Defects in what a decision rests on. */
export const READING_MUTANTS: readonly Mutant[] = [
  {
    name: 'torn reading ignored',
    danger: 'A decision rests on two moments at once: a patient gets two visits at one time.',
    file: 'src/booking/torn-readings.ts',
    text: 'return isNew',
    replacement: 'return isNew && false',
  },
  {
    name: 'second torn reading believed',
    danger: 'The same, when two writes come in between.',
    file: 'src/booking/torn-readings.ts',
    text: "found !== '' && found !== this.#last",
    replacement: "found !== '' && this.#last === undefined",
  },
  {
    name: "guard's version not compared",
    danger: 'A visit of the patient that moves at that moment is seen at its old time only.',
    file: 'src/booking/patient-queries.ts',
    text: 'appointmentIdOf(appointment) === setBy && Number(appointment.meta?.versionId) >= Number(version)',
    replacement: 'appointmentIdOf(appointment) === setBy',
  },
  {
    name: 'stale directory believed',
    danger: 'A Schedule that the clinic has just opened is not guarded: its practitioner is booked twice.',
    file: 'src/booking/window-queries.ts',
    text: 'return !known || !expected.every((schedule) => fresh.has(schedule.id))',
    replacement: 'return !known && !expected.every((schedule) => fresh.has(schedule.id))',
  },
  {
    name: 'half a window believed',
    danger: 'What was cut off the answer counts as free.',
    file: 'src/booking/window-queries.ts',
    text: 'if (cut !== undefined)',
    replacement: "if (cut === 'never')",
  },
  {
    name: 'what reaches into the window not read',
    danger: 'A long visit that began before is not seen.',
    file: 'src/booking/window-queries.ts',
    text: 'return { start: span.start - mapping.longestSlotMinutes * MINUTE, end: span.end }',
    replacement: 'return { start: span.start, end: span.end }',
  },
  {
    name: 'visits that have arrived do not block',
    danger: 'A visit that the clinic has checked in counts as gone, and its time is booked again.',
    file: 'src/scheduling/window.ts',
    text: "['pending', 'booked', 'arrived', 'checked-in', 'fulfilled']",
    replacement: "['pending', 'booked']",
  },
  {
    name: 'receipt not looked for again',
    danger: 'A repeated confirmation is refused although it has taken place.',
    file: 'src/booking/perform-write.ts',
    text: '!this.#withoutReceipt || !ABOUT_THE_VISIT.includes(refusal.code)',
    replacement: 'ABOUT_THE_VISIT.length > 0',
  },
  {
    name: "another patient's visit can be reached",
    danger: 'Whoever knows an id can move or cancel the visit.',
    file: 'src/booking/caller.ts',
    text: "if (!allowed) throw notFound(what, true)",
    replacement: "if (!allowed && what === 'hold') throw notFound(what, true)",
  },
]
