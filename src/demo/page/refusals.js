// @ts-check

/**
 * What to do when a tool did not do what was asked. The sentence to say comes from the gateway.
 * @param {import('./script.js').Talk} talk
 * @param {import('./mcp.js').Structured} answer
 * @returns {string} the next step
 */
export function afterRefusal({ chat, memory }, answer) {
  chat.say(answer.message)
  switch (answer.outcome) {
    case 'slot_taken':
      memory.offers = answer['alternatives'] ?? []
      return memory.offers?.length ? 'offer' : 'when'
    case 'hold_expired':
      memory.hold = undefined
      return 'hold'
    case 'patient_required':
      memory.patient = undefined
      memory.token = undefined
      return 'identify'
    case 'invalid_slot_id':
      return 'find'
    case 'policy_refused':
      return memory.slot ? 'when' : 'menu'
    default:
      return 'menu'
  }
}
