import type { ToolBody, ToolName } from '../tools/tool.ts'
import { objectOf, objectsOf, textOf, type JsonObject } from './json.ts'

/** What a platform remembers between the tools: names of session parameters (Dialogflow CX) or slots (Rasa). Null takes a value away. */
export type Remembered = Readonly<Record<string, unknown>>

/**
 * What to remember after a tool, so that the next one finds its arguments. Only what a later tool takes or a condition asks for:
 * a visit's own `type` or `start` would pass for the patient's next wish.
 */
export function rememberAfter(tool: ToolName, body: ToolBody): Remembered {
  const done = body.outcome === 'ok'
  return { outcome: body.outcome, operation_id: textOf(body['operation_id']) ?? null, ...AFTER[tool](body, done) }
}

const NO_CHOICE = { slot_id: null, choice: null }

const AFTER: Readonly<Record<ToolName, (body: ToolBody, done: boolean) => Remembered>> = {
  // A new intake is about a new person: nothing of the one before may stay.
  start_intake: (body) => ({
    patient_token: textOf(body['patient_token']) ?? null,
    portal_url: textOf(body['portal_url']) ?? null,
    portal_label: textOf(body['portal_label']) ?? null,
    escalation_id: textOf(body['escalation_id']) ?? null,
    staff_reason: textOf(body['escalation_reason']) ?? null,
    hold_id: null,
    read_back: null,
    appointment_id: null,
    appointments: null,
    confirmation_code: null,
    ...NO_CHOICE,
  }),
  find_times: (body, done) => ({
    offers: offersOf(body['slots']),
    next_available: textOf(body['next_available']) ?? null,
    ...NO_CHOICE,
    ...(done && { candidates: null }),
  }),
  hold_time: (body, done) => ({
    hold_id: done ? (textOf(body['hold_id']) ?? null) : null,
    read_back: textOf(body['read_back']) ?? null,
    ...afterChoice(body, done),
  }),
  confirm_booking: (body, done) => (done ? booked(body) : body.outcome === 'hold_expired' ? { hold_id: null, read_back: null } : {}),
  reschedule: (body, done) => afterChoice(body, done),
  cancel: (_body, done) => (done ? { appointment_id: null, hold_id: null, read_back: null, confirmation_code: null } : {}),
  my_appointments: (body, done) => (done ? visits(objectsOf(body['appointments'])) : {}),
  ask_for_staff: (body) => ({ escalation_id: textOf(body['escalation_id']) ?? null }),
  what_day_is_it: (body) => windowOf(body),
}

/** A choice is used up by holding it, and worth nothing when somebody else has it. */
function afterChoice(body: ToolBody, done: boolean): Remembered {
  if (body.outcome === 'slot_taken') return { offers: offersOf(body['alternatives']), ...NO_CHOICE }
  return done || body.outcome === 'invalid_slot_id' ? NO_CHOICE : {}
}

function booked(body: ToolBody): Remembered {
  return {
    hold_id: null,
    read_back: null,
    appointment_id: textOf(body['appointment_id']) ?? null,
    confirmation_code: textOf(body['confirmation_code']) ?? null,
  }
}

/** With one visit there is no question which one is meant. */
function visits(appointments: readonly JsonObject[]): Remembered {
  const [only] = appointments
  return { appointments, appointment_id: appointments.length === 1 ? (textOf(only?.['appointment_id']) ?? null) : null }
}

/** Words that were not understood leave no window, not even the one before; who only asks for the day changes nothing. */
function windowOf(body: ToolBody): Remembered {
  const understood = textOf(body['understood'])
  if (understood === undefined) return {}
  const resolved = objectOf(body['resolved'])
  const window = { start: textOf(resolved?.['start']) ?? null, end: textOf(resolved?.['end']) ?? null }
  return { understood, candidates: objectsOf(body['candidates']), choice: null, ...window }
}

function offersOf(value: unknown): JsonObject[] {
  return objectsOf(value)
}

/** The offers of an answer as a person hears them: `1: Tuesday, November 24 at 8:00 AM PST with Dr. Ada Marsh`. */
export function spokenOffers(body: ToolBody): string[] {
  return [...objectsOf(body['slots']), ...objectsOf(body['alternatives'])].map((offer, index) => `${index + 1}: ${wordsOf(offer)}`)
}

/** An offer in words. */
export function wordsOf(offer: JsonObject): string {
  const provider = textOf(objectOf(offer['provider'])?.['name'])
  return `${textOf(offer['local_start']) ?? ''}${provider === undefined ? '' : ` with ${provider}`}`
}
