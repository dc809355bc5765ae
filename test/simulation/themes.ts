import type { ActionName, Deed } from './plan.ts'
import type { Shape, TypeCode } from './world.ts'

/** What the way between gateway and EHR does to messages; chances are per message. */
export interface Weather {
  /** Usually each step takes up to so long, in milliseconds. */
  readonly usualMs: number
  /** Chance that a query takes up to `slowMs`. */
  readonly slowReading: number
  /** Chance that a transaction takes up to `slowMs`: longer than any caller waits. */
  readonly slowWriting: number
  readonly slowMs: number
  /** A reading is lost. */
  readonly lostReading: number
  /** A transaction is lost on its way. */
  readonly lostRequest: number
  /** A transaction is executed, and its answer lost. */
  readonly lostAnswer: number
  /** A transaction arrives a second time, up to a minute later. */
  readonly duplicate: number
  /** No connection is made: certainly not sent. */
  readonly refused: number
}

/** What a group of runs is about. Weights say how often something is chosen, lists what one is picked from. */
export interface Theme {
  readonly name: string
  readonly shapes: Readonly<Partial<Record<Shape, number>>>
  readonly types: Readonly<Partial<Record<TypeCode, number>>>
  readonly kindsBefore: Readonly<Partial<Record<ActionName, number>>>
  readonly kinds: Readonly<Partial<Record<Deed['kind'], number>>>
  readonly slots: readonly number[]
  readonly patients: number
  readonly processes: number
  readonly ttlSeconds: readonly number[]
  readonly holdsPerPatient: readonly number[]
  /** How many deeds there are before the storm, and in it. */
  readonly before: readonly number[]
  readonly storm: readonly number[]
  /** Chance that a deed begins when the holds from before run out. */
  readonly atExpiry: number
  /** Chance that a request is sent twice at once. */
  readonly twins: number
  /** Chance that a key is used again for another request. */
  readonly reusedKeys: number
  readonly weather: Weather
}

export const CALM: Weather = {
  usualMs: 4,
  slowReading: 0,
  slowWriting: 0,
  slowMs: 0,
  lostReading: 0,
  lostRequest: 0,
  lostAnswer: 0,
  duplicate: 0,
  refused: 0,
}
/** Messages overtake each other; hardly one gets lost. */
const WINDY: Weather = { ...CALM, usualMs: 10, slowReading: 0.005, slowWriting: 0.01, slowMs: 2_000, lostAnswer: 0.01, duplicate: 0.02 }
const STORMY: Weather = {
  usualMs: 10,
  slowReading: 0.003,
  slowWriting: 0.12,
  slowMs: 40_000,
  lostReading: 0.02,
  lostRequest: 0.08,
  lostAnswer: 0.15,
  duplicate: 0.1,
  refused: 0.02,
}

/** Several patients, few Slots: who gets which time. */
export const RACES: Theme = {
  name: 'races',
  shapes: { desk: 3, siblings: 2, grids: 2, room: 2, two: 1 },
  types: { short: 4, long: 2, buffered: 2 },
  kindsBefore: { hold: 1, book: 2 },
  kinds: {
    hold: 3,
    book: 4,
    confirm: 2,
    release: 1,
    cancel: 2,
    reschedule: 4,
    'desk-visit': 0.5,
    'slot-busy': 0.3,
    'slot-note': 0.4,
    'visit-note': 0.5,
    'new-schedule': 0.5,
    'shared-room': 0.5,
  },
  slots: [3, 4],
  patients: 4,
  processes: 2,
  ttlSeconds: [20],
  holdsPerPatient: [3],
  before: [0, 1, 1, 2],
  storm: [2, 3, 4],
  atExpiry: 0,
  twins: 0.1,
  reusedKeys: 0.05,
  weather: WINDY,
}

/** Holds that run out while somebody confirms, releases, sweeps or takes them over. */
export const EXPIRY: Theme = {
  ...RACES,
  name: 'expiry',
  kindsBefore: { hold: 1 },
  kinds: { hold: 2, book: 3, confirm: 5, release: 1, cancel: 1, reschedule: 0.5, sweep: 3 },
  patients: 2,
  ttlSeconds: [1, 4],
  before: [1, 1, 2],
  atExpiry: 0.6,
  weather: { ...WINDY, slowReading: 0.02, slowWriting: 0.08, slowMs: 4_000 },
}

/** Nobody knows what became of a request, and asks again. */
export const UNKNOWN: Theme = {
  ...RACES,
  name: 'unknown outcomes',
  kinds: { hold: 3, book: 4, confirm: 3, release: 1, cancel: 2, reschedule: 3, sweep: 1, crash: 1.5, 'desk-visit': 0.3 },
  patients: 2,
  processes: 2,
  ttlSeconds: [4, 20, 300],
  storm: [2, 2, 3, 4],
  atExpiry: 0.1,
  twins: 0.2,
  reusedKeys: 0.15,
  weather: STORMY,
}

/** One patient in several chats at once. */
export const PATIENTS: Theme = {
  ...RACES,
  name: 'rules about a patient',
  shapes: { two: 4, room: 1, desk: 1 },
  types: { short: 3, long: 1, yearly: 2 },
  kinds: { hold: 4, book: 4, confirm: 3, release: 1, cancel: 1, reschedule: 2 },
  patients: 1,
  ttlSeconds: [1, 4, 20],
  holdsPerPatient: [1, 2],
  atExpiry: 0.15,
  storm: [2, 3, 4, 5],
}


