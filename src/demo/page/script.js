// @ts-check
import { BegunAnew } from './chat.js'
import { BOOKING_STEPS } from './script-booking.js'
import { INTAKE_STEPS } from './script-intake.js'
import { OFFER_STEPS } from './script-offers.js'
import { VISIT_STEPS } from './script-visits.js'

/**
 * @typedef {import('./mcp.js').Structured} Structured
 * @typedef {{ code: string, title: string, minutes: number, modalities: string[] }} VisitType
 * @typedef {{ name: string, phone: string, timezone: string, hold_seconds: number, visit_types: VisitType[],
 *   cancel_reasons: { code: string, title: string }[], staff_reasons: { code: string, title: string }[] }} Clinic
 * @typedef {{ slot_id: string, local_start: string, start: string, end: string, provider?: { name: string } | string | null,
 *   location?: { name: string } | string | null, modality?: string }} Offer
 * @typedef {{ appointment_id: string, local_start: string, type: string, state?: string, status?: string, confirmation_code?: string }} Visit
 */

/**
 * What the assistant remembers within one conversation.
 * @typedef {{
 *   type?: VisitType | undefined, modality?: string | undefined, reason?: string | undefined, isReasonAsked?: boolean,
 *   patient?: Record<string, string> | undefined, token?: string | undefined, afterIntake?: string,
 *   window?: { start?: string, end?: string } | undefined, offers?: Offer[], slot?: Offer | undefined,
 *   hold?: { id: string, until: number } | undefined, visit?: Visit | undefined, moving?: Visit | undefined,
 * }} Memory
 */

/**
 * What a step has at hand.
 * @typedef {{
 *   chat: import('./chat.js').Chat, clinic: Clinic, memory: Memory, key: string,
 *   call: (tool: string, args: Record<string, unknown>) => Promise<Structured>,
 * }} Talk
 * @typedef {(talk: Talk) => Promise<string>} Step says and asks something, and names the next step
 */

/** @type {Record<string, Step>} */
const STEPS = {
  greet: async ({ chat, clinic }) => {
    chat.say(`Hello, this is ${clinic.name}. I can find, book, move and cancel visits.`)
    chat.say('I follow a script and give no medical advice. In an emergency, call 911.')
    return 'menu'
  },
  menu: async ({ chat, memory }) => {
    chat.say('What would you like to do?')
    const wish = await chat.choose('menu', [
      { label: 'Book a visit', value: 'type', kind: 'main' },
      { label: 'See my visits', value: 'visits' },
      { label: 'Talk to a person', value: 'staff' },
    ])
    memory.moving = undefined
    return wish
  },
  farewell: async ({ chat }) => {
    chat.say('You are welcome. Have a good day.')
    return chat.choose('farewell', [{ label: 'Something else', value: 'menu' }])
  },
  /** Nothing more is offered here: whoever may need help now should not be busy with a chat. */
  stopped: async ({ chat, memory }) => {
    for (const name of Object.keys(memory)) delete memory[/** @type {keyof Memory} */ (name)]
    chat.say('I have stopped here, and nothing was booked.')
    return chat.choose('stopped', [{ label: 'Begin a new conversation', value: 'greet', kind: 'quiet' }])
  },
  ...INTAKE_STEPS,
  ...OFFER_STEPS,
  ...BOOKING_STEPS,
  ...VISIT_STEPS,
}

/**
 * Holds a conversation until it is begun anew.
 * @param {Talk} talk
 */
export async function converse(talk) {
  let name = 'greet'
  try {
    for (;;) {
      const step = STEPS[name]
      if (!step) throw new Error(`the script has no step ${name}`)
      name = await step(talk)
    }
  } catch (error) {
    if (!(error instanceof BegunAnew)) throw error
  }
}
