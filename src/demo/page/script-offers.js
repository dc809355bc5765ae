// @ts-check
import { afterRefusal } from './refusals.js'

const SOONEST = 'As soon as possible'
const SUGGESTIONS = [SOONEST, 'Tomorrow morning', 'Next Tuesday']
const MINUTE_MS = 60_000

/** When, and which of the times that are free then. @type {Record<string, import('./script.js').Step>} */
export const OFFER_STEPS = {
  when: async (talk) => {
    const { chat, memory, call } = talk
    chat.say('When would suit you?')
    const field = { name: 'when', label: 'In your own words', placeholder: 'next Tuesday morning' }
    const said = await chat.ask('when', { fields: [field], submit: 'Look', suggestions: SUGGESTIONS })
    const words = said?.['when'] ?? ''
    memory.window = undefined
    if (words === SOONEST || words === '') return 'find'
    return understand(talk, await call('what_day_is_it', { when: words }))
  },
  find: async (talk) => {
    const { chat, memory, call } = talk
    const answer = await call('find_times', {
      type: memory.type?.code,
      ...(memory.modality !== undefined && { modality: memory.modality }),
      ...memory.window,
    })
    if (answer.outcome !== 'ok') return afterRefusal(talk, answer)
    memory.offers = answer['slots'] ?? []
    if (memory.offers?.length) return 'offer'
    const next = answer['next_available'] ?? undefined
    if (next !== undefined && memory.window === undefined) {
      // "As soon as possible" was the wish, and this is what is possible.
      memory.window = { start: next }
      return 'find'
    }
    chat.say(answer.message)
    return nothingFree(talk, next)
  },
  offer: async ({ chat, memory }) => {
    const offers = memory.offers ?? []
    chat.say(offers.length === 1 ? 'This time is free:' : `These ${offers.length} times are free. Which one suits you?`)
    const options = offers.map((offer) => ({
      label: offer.local_start,
      detail: [nameOf(offer.provider), nameOf(offer.location)].filter((part) => part !== '').join(', '),
      value: /** @type {string | typeof offer} */ (offer),
    }))
    const chosen = await chat.choose('offer', [
      ...options,
      { label: 'Later times', value: 'find', kind: 'quiet' },
      { label: 'Another day', value: 'when', kind: 'quiet' },
    ])
    if (typeof chosen !== 'string') {
      memory.slot = chosen
      return memory.moving ? 'confirmMove' : 'hold'
    }
    const last = offers.at(-1)
    if (chosen === 'find' && last) memory.window = { start: new Date(Date.parse(last.start) + MINUTE_MS).toISOString() }
    return chosen
  },
}

/**
 * Words about a time become a window, a question, or another try.
 * @param {import('./script.js').Talk} talk
 * @param {import('./mcp.js').Structured} answer
 * @returns {Promise<string>}
 */
async function understand(talk, answer) {
  const { chat, memory } = talk
  const resolved = answer['resolved']
  /** @type {{ start: string, end: string, words: string }[]} */
  const candidates = answer['candidates'] ?? []
  if (resolved) {
    memory.window = { start: resolved.start, end: resolved.end }
    chat.say(`Looking at ${resolved.words}.`)
    return 'find'
  }
  if (answer.outcome !== 'ok' && answer.outcome !== 'invalid_request') return afterRefusal(talk, answer)
  chat.say(candidates.length > 0 ? 'Which one do you mean?' : answer.message)
  if (candidates.length === 0) return 'when'
  const options = candidates.map(({ start, end, words }) => ({
    label: words,
    value: /** @type {{ start: string, end: string } | undefined} */ ({ start, end }),
  }))
  memory.window = await chat.choose('candidate', [...options, { label: 'Neither', value: undefined, kind: 'quiet' }])
  return memory.window ? 'find' : 'when'
}

/**
 * @param {import('./script.js').Talk} talk
 * @param {string | undefined} next
 */
async function nothingFree({ chat, memory }, next) {
  const show = { label: 'Show me that', value: 'find', kind: /** @type {const} */ ('main') }
  const choice = await chat.choose('nothing', [
    ...(next === undefined ? [] : [show]),
    { label: 'Another day', value: 'when' },
    { label: 'Talk to a person', value: 'staff' },
  ])
  if (choice === 'find') memory.window = next === undefined ? undefined : { start: next }
  return choice
}

/** @param {{ name: string } | string | null | undefined} named */
function nameOf(named) {
  return typeof named === 'string' ? named : (named?.name ?? '')
}
