// @ts-check
import { confirmationCard } from './confirmation-card.js'
import { afterRefusal } from './refusals.js'

/** Hold, read back, book. There is no booking without a hold. @type {Record<string, import('./script.js').Step>} */
export const BOOKING_STEPS = {
  hold: async (talk) => {
    const { chat, clinic, memory, call } = talk
    const answer = await call('hold_time', { slot_id: memory.slot?.slot_id, patient_token: memory.token })
    if (answer.outcome !== 'ok') return afterRefusal(talk, answer)
    const until = Date.parse(answer['expires_at'])
    memory.hold = { id: answer['hold_id'], until }
    chat.clock.start(until, clinic.hold_seconds)
    chat.say(answer['read_back'] ?? answer.message)
    return 'confirm'
  },
  confirm: async ({ chat, memory }) => {
    const options = [
      { label: 'Yes, book it', value: 'book', kind: /** @type {const} */ ('main') },
      { label: 'No, another time', value: 'letGo' },
    ]
    return chat.choose('confirm', options, memory.hold && { at: memory.hold.until, value: 'lapsed' })
  },
  lapsed: async ({ chat, memory }) => {
    chat.clock.stop()
    memory.hold = undefined
    chat.say('The time I kept for you has run out. Nothing was booked.')
    return chat.choose('lapsed', [
      { label: 'Try the same time again', value: 'hold', kind: 'main' },
      { label: 'Another time', value: 'when' },
    ])
  },
  letGo: async (talk) => {
    await release(talk)
    talk.chat.say('All right, that time is free for others again.')
    return 'when'
  },
  book: async (talk) => {
    const { chat, memory, call } = talk
    const answer = await call('confirm_booking', { hold_id: memory.hold?.id, patient_token: memory.token })
    chat.clock.stop()
    if (answer.outcome !== 'ok') return afterRefusal(talk, answer)
    memory.hold = undefined
    return booked(talk, answer)
  },
  booked: async ({ chat }) => {
    chat.say('Is there anything else?')
    return chat.choose('booked', [
      { label: 'No, thank you', value: 'farewell', kind: 'main' },
      { label: 'Move this visit', value: 'move' },
      { label: 'Cancel this visit', value: 'cancel' },
      { label: 'See my visits', value: 'visits' },
    ])
  },
}

/**
 * Shows a visit that stands.
 * @param {import('./script.js').Talk} talk
 * @param {import('./mcp.js').Structured} answer
 */
export function booked({ chat, memory, key }, answer) {
  memory.visit = { ...memory.visit, .../** @type {any} */ (answer) }
  memory.moving = undefined
  chat.say(answer.message)
  chat.show(confirmationCard(answer, key, memory.token ?? ''))
  return 'booked'
}

/**
 * Gives a held time back, also when the conversation is left in the middle.
 * @param {import('./script.js').Talk} talk
 */
export async function release({ chat, memory, call }) {
  const { hold, token } = memory
  chat.clock.stop()
  memory.hold = undefined
  if (hold) await call('cancel', { appointment_id: hold.id, patient_token: token })
}
