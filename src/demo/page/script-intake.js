// @ts-check
import { PEOPLE } from './people.js'
import { afterRefusal } from './refusals.js'

const MODALITY_WORDS = { 'in-person': 'In person', telehealth: 'By video', phone: 'By phone' }

/** What kind of visit, why, and for whom: only what booking needs. @type {Record<string, import('./script.js').Step>} */
export const INTAKE_STEPS = {
  type: async ({ chat, clinic, memory }) => {
    chat.say('What kind of visit is it?')
    const options = clinic.visit_types.map((type) => ({ label: type.title, detail: `${type.minutes} minutes`, value: type }))
    memory.type = await chat.choose('type', options)
    memory.afterIntake = 'when'
    memory.isReasonAsked = false
    memory.modality = memory.type.modalities[0]
    return memory.type.modalities.length > 1 ? 'modality' : 'identify'
  },
  modality: async ({ chat, memory }) => {
    chat.say('How would you like to meet?')
    const options = (memory.type?.modalities ?? []).map((value) => ({
      label: MODALITY_WORDS[/** @type {keyof typeof MODALITY_WORDS} */ (value)],
      value,
    }))
    memory.modality = await chat.choose('modality', options)
    return 'identify'
  },
  identify: async ({ chat, memory }) => {
    if (memory.patient) return afterIdentity(memory)
    chat.say('Who is the visit for?')
    const options = PEOPLE.map((person) => ({
      label: person.name,
      detail: `born ${person.birth_date}`,
      value: /** @type {typeof person | undefined} */ (person),
    }))
    const person = await chat.choose('who', [...options, { label: 'Somebody else', value: undefined, kind: 'quiet' }])
    if (!person) return 'identifiers'
    chat.title.textContent = person.name
    memory.patient = { mrn: person.mrn, birth_date: person.birth_date }
    return afterIdentity(memory)
  },
  identifiers: async ({ chat, memory }) => {
    chat.say('Then I need the record number, which stands on every letter from us, and the date of birth.')
    memory.patient = await chat.ask('identifiers', {
      fields: [
        { name: 'mrn', label: 'Record number', placeholder: 'HL-100001' },
        { name: 'birth_date', label: 'Date of birth', pattern: '\\d{4}-\\d{2}-\\d{2}', hint: 'Year, month, day: 1984-05-17' },
      ],
      submit: 'Continue',
    })
    return afterIdentity(memory)
  },
  /** Asked last, so that signs of an emergency are answered at once and not after another question. */
  reason: async ({ chat, memory }) => {
    memory.isReasonAsked = true
    chat.say('May I ask what it is about? A few words are enough. They are checked for emergencies and then forgotten.')
    const field = { name: 'reason', label: 'Reason for the visit' }
    const said = await chat.ask('reason', { fields: [field], submit: 'Send', skip: 'I would rather not say' })
    memory.reason = said?.['reason'] || undefined
    return 'intake'
  },
  intake: async (talk) => {
    const { chat, clinic, memory, call } = talk
    const answer = await call('start_intake', {
      type: (memory.type ?? clinic.visit_types[0])?.code,
      ...(memory.modality !== undefined && memory.type && { modality: memory.modality }),
      patient: memory.patient,
      ...(memory.reason !== undefined && { reason: memory.reason }),
    })
    memory.reason = undefined
    memory.token = answer['patient_token'] ?? memory.token
    return afterIntake(talk, answer, chat)
  },
}

/**
 * A new visit has a reason; who only looks at what is there is not asked for one.
 * @param {import('./script.js').Memory} memory
 */
function afterIdentity({ afterIntake, isReasonAsked }) {
  return afterIntake === 'when' && isReasonAsked !== true ? 'reason' : 'intake'
}

/**
 * @param {import('./script.js').Talk} talk
 * @param {import('./mcp.js').Structured} answer
 * @param {import('./chat.js').Chat} chat
 * @returns {Promise<string>}
 */
async function afterIntake(talk, answer, chat) {
  const { memory } = talk
  switch (answer.outcome) {
    case 'eligible':
    case 'ok':
      return memory.afterIntake ?? 'menu'
    case 'urgent':
      chat.alarm(answer.message)
      return 'stopped'
    case 'identity_unverified':
      memory.patient = undefined
      chat.say(answer.message)
      return chat.choose('unverified', [
        { label: 'Try again', value: 'identify' },
        { label: 'Talk to a person', value: 'staff' },
      ])
    case 'needs_staff':
      return needsStaff(talk, answer)
    default:
      return afterRefusal(talk, answer)
  }
}

/**
 * Not to be booked here: the button to where it is, or the offer to pass it on.
 * @param {import('./script.js').Talk} talk
 * @param {import('./mcp.js').Structured} answer
 */
async function needsStaff({ chat, memory, call }, answer) {
  chat.say(answer.message)
  if (typeof answer['portal_url'] === 'string') {
    chat.link(answer['portal_label'] ?? 'Book it there', answer['portal_url'])
    return 'menu'
  }
  // Staff can call back only somebody they know.
  if (memory.token === undefined) return 'menu'
  const passOn = await chat.choose('passOn', [
    { label: 'Pass it on to the staff', value: true, kind: 'main' },
    { label: 'No, thank you', value: false },
  ])
  if (!passOn) return 'menu'
  const placed = await call('ask_for_staff', { reason: answer['escalation_reason'] ?? 'other', patient_token: memory.token })
  chat.say(placed.message)
  return 'menu'
}
