import type { NextAction } from '../booking/messages.ts'

/** Call the same tool with the same arguments again: it has no second effect. */
export const REPEAT = 'repeat_same_call'

/** What follows, as tools. `undefined`: there is no tool for it. */
const TOOL_FOR: Readonly<Record<NextAction, string | undefined>> = {
  find_availability: 'find_times',
  hold_slot: 'hold_time',
  book_appointment: 'confirm_booking',
  release_hold: 'cancel',
  read_appointment: 'my_appointments',
  list_appointments: 'my_appointments',
  reschedule_appointment: 'reschedule',
  cancel_appointment: 'cancel',
  get_calendar: undefined,
  check_operation: REPEAT,
  repeat_request: REPEAT,
  start_intake: 'start_intake',
  contact_staff: 'ask_for_staff',
  escalate: 'ask_for_staff',
  new_idempotency_key: undefined,
  open_portal: undefined,
  call_emergency: undefined,
}

/** The tools that can follow, each once, in the order given. */
export function toolsFor(actions: readonly NextAction[]): string[] {
  const tools = actions.map((action) => TOOL_FOR[action]).filter((tool) => tool !== undefined)
  return [...new Set(tools)]
}
