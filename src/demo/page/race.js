// @ts-check
import { pause } from './dom.js'

/** Long enough to read along, in milliseconds. */
const READING_MS = 900
/** By what the patients of the race answer; what is not listed is left to the human. @type {Record<string, (number: number) => number>} */
const ANSWERS = {
  menu: () => 0,
  type: () => 0,
  modality: () => 0,
  reason: () => 0,
  who: (number) => number,
  when: () => 0,
  confirm: () => 0,
}

/**
 * @typedef {import('./conversation.js').Conversation} Conversation
 * @typedef {import('./chat.js').Pilot} Pilot
 * @typedef {import('./prompt.js').Option<any>} Option
 */

/**
 * Two patients, one time: both conversations answer by themselves, wait for each other before the offers, and pick the same time at
 * the same moment. Who loses takes the first of the alternatives. Afterwards both are the human's again.
 * @param {readonly [Conversation, Conversation]} conversations
 * @param {import('./journal.js').Journal} journal
 */
export function race(conversations, journal) {
  const start = new StartingLine(conversations.length, (time) => journal.remark(`Both ask for ${time} at the same moment.`))
  let booked = 0
  const onBooked = () => {
    booked += 1
    if (booked < conversations.length) return
    const times = conversations.map(({ memory }) => memory.visit?.local_start ?? '')
    journal.remark(
      new Set(times).size === times.length ? 'Two patients, two times. Nothing is booked twice.' : 'Both were told the same time.',
    )
  }
  for (const [number, conversation] of conversations.entries()) conversation.begin(racer(number, start, onBooked))
}

/**
 * @param {number} number
 * @param {StartingLine} start
 * @param {() => void} onBooked
 * @returns {Pilot}
 */
function racer(number, start, onBooked) {
  let hasRun = false
  let isBooked = false
  return async (step, options) => {
    await pause(READING_MS)
    if (step === 'booked') {
      if (!isBooked) onBooked()
      isBooked = true
    }
    if (step !== 'offer') return ANSWERS[step]?.(number)
    if (hasRun) return 0
    hasRun = true
    return start.ready(options)
  }
}

/** Where both wait until the other one is there too. */
class StartingLine {
  /** @type {{ options: readonly Option[], go: (index: number) => void }[]} */
  #waiting = []

  /**
   * @param {number} racers
   * @param {(time: string) => void} onStart
   */
  constructor(racers, onStart) {
    this.racers = racers
    this.onStart = onStart
  }

  /**
   * @param {readonly Option[]} options what this one was offered
   * @returns {Promise<number>} which of them to take
   */
  ready(options) {
    return new Promise((go) => {
      this.#waiting.push({ options, go })
      if (this.#waiting.length === this.racers) this.#start()
    })
  }

  #start() {
    const [first, ...others] = this.#waiting
    const common = first?.options.find(({ label }) => others.every(({ options }) => options.some((option) => option.label === label)))
    this.onStart(common?.label ?? 'the first time')
    for (const { options, go } of this.#waiting)
      go(
        Math.max(
          0,
          options.findIndex(({ label }) => label === common?.label),
        ),
      )
  }
}
