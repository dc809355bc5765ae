// @ts-check
import { afterRefusal } from './refusals.js'
import { booked } from './script-booking.js'

/** What the patient has already: see it, move it, cancel it; and the way to a person. @type {Record<string, import('./script.js').Step>} */
export const VISIT_STEPS = {
  visits: async (talk) => {
    const { chat, memory, call } = talk
    if (memory.token === undefined) {
      memory.afterIntake = 'visits'
      return 'identify'
    }
    const answer = await call('my_appointments', { patient_token: memory.token })
    if (answer.outcome !== 'ok') return afterRefusal(talk, answer)
    chat.say(answer.message)
    /** @type {import('./script.js').Visit[]} */
    const visits = answer['appointments'] ?? []
    if (visits.length === 0) return 'menu'
    const options = visits.map((visit) => ({
      label: visit.local_start,
      detail: visit.state ?? visit.status ?? '',
      value: /** @type {typeof visit | undefined} */ (visit),
    }))
    memory.visit = await chat.choose('visit', [...options, { label: 'Back', value: undefined, kind: 'quiet' }])
    return memory.visit ? 'visit' : 'menu'
  },
  visit: async ({ chat }) => {
    chat.say('What shall I do with it?')
    return chat.choose('change', [
      { label: 'Move it', value: 'move' },
      { label: 'Cancel it', value: 'cancel' },
      { label: 'Nothing', value: 'menu', kind: 'quiet' },
    ])
  },
  move: async ({ clinic, memory }) => {
    const { visit } = memory
    memory.moving = visit
    memory.type = clinic.visit_types.find((type) => type.code === visit?.type) ?? memory.type
    return 'when'
  },
  confirmMove: async (talk) => {
    const { chat, memory, call } = talk
    chat.say(`Shall I move your visit from ${memory.moving?.local_start} to ${memory.slot?.local_start}?`)
    const choice = await chat.choose('confirmMove', [
      { label: 'Yes, move it', value: 'yes', kind: 'main' },
      { label: 'No, leave it', value: 'no' },
    ])
    if (choice === 'no') return 'booked'
    const answer = await call('reschedule', {
      appointment_id: memory.moving?.appointment_id,
      slot_id: memory.slot?.slot_id,
      patient_token: memory.token,
    })
    return answer.outcome === 'ok' ? booked(talk, answer) : afterRefusal(talk, answer)
  },
  cancel: async (talk) => {
    const { chat, clinic, memory, call } = talk
    chat.say(`Shall I cancel the visit on ${memory.visit?.local_start}? If so, why?`)
    const reason = await chat.choose('cancel', [
      ...clinic.cancel_reasons.map(({ code, title }) => ({ label: title, value: /** @type {string | undefined} */ (code) })),
      { label: 'No, keep it', value: undefined, kind: 'main' },
    ])
    if (reason === undefined) return 'booked'
    const answer = await call('cancel', { appointment_id: memory.visit?.appointment_id, reason, patient_token: memory.token })
    if (answer.outcome !== 'ok') return afterRefusal(talk, answer)
    memory.visit = undefined
    chat.say(answer.message)
    return 'menu'
  },
  staff: async (talk) => {
    const { chat, clinic, memory, call } = talk
    // Staff can call back only somebody they know.
    if (memory.token === undefined) {
      memory.afterIntake = 'staff'
      return 'identify'
    }
    chat.say('What may I tell the staff?')
    const options = clinic.staff_reasons.map(({ code, title }) => ({ label: title, value: code }))
    const reason = await chat.choose('staff', [...options, { label: 'Nothing, thank you', value: '', kind: 'quiet' }])
    if (reason === '') return 'menu'
    const answer = await call('ask_for_staff', {
      reason,
      patient_token: memory.token,
      ...(memory.visit && { appointment_id: memory.visit.appointment_id }),
    })
    chat.say(answer.message)
    return 'menu'
  },
}
