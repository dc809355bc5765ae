// @ts-check
import { pause } from './dom.js'
import { DoorError } from './mcp.js'

/** "Not now" and "not known yet": the same call again is right, because it takes effect once. */
const REPEATABLE = ['pending', 'ehr_unavailable', 'contention', 'rate_limited', 'unreachable']
const MOST_TRIES = 4
const WAIT_SECONDS = 2
const LONGEST_WAIT_SECONDS = 5
/** The answers the switch "Lose the answer" takes away: those of calls that change something for good. */
const LOSABLE = ['confirm_booking', 'reschedule']

/**
 * @typedef {import('./mcp.js').Structured} Structured
 * @typedef {import('./mcp.js').ToolAnswer} ToolAnswer
 * @typedef {import('./journal.js').Journal} Journal
 * @typedef {import('./journal.js').Who} Who
 * @typedef {'lost' | 'later' | 'pending'} Trouble
 */

/** The calls of one patient's assistant: each is written into the journal, and repeated where that is the right thing to do. */
export class PatientTools {
  /** @type {Promise<void> | undefined} */
  #opened

  /**
   * @param {{
   *   connection: import('./mcp.js').McpConnection,
   *   journal: Journal,
   *   ehr: import('./ehr.js').EhrWatch,
   *   who: Who,
   *   losesAnswers: () => boolean,
   *   onTrouble: (trouble: Trouble) => void,
   * }} parts
   */
  constructor(parts) {
    this.parts = parts
  }

  /**
   * Calls a tool. Never throws for what the gateway or the network does: that is an outcome too.
   * @param {string} name
   * @param {Record<string, unknown>} args
   * @returns {Promise<Structured>}
   */
  async call(name, args) {
    let mayLose = LOSABLE.includes(name) && this.parts.losesAnswers()
    for (let attempt = 1; ; attempt++) {
      const { structured, lost } = await this.#once(name, args, attempt, mayLose)
      if (lost) {
        mayLose = false
        continue
      }
      if (!REPEATABLE.includes(structured.outcome) || attempt >= MOST_TRIES) return structured
      this.parts.onTrouble(structured.outcome === 'pending' ? 'pending' : 'later')
      const asked = Number(structured['retry_after_seconds'] ?? WAIT_SECONDS)
      await pause(Math.min(asked, LONGEST_WAIT_SECONDS) * 1000)
    }
  }

  /**
   * @param {string} name
   * @param {Record<string, unknown>} args
   * @param {number} attempt
   * @param {boolean} mayLose
   */
  async #once(name, args, attempt, mayLose) {
    const { journal, who, onTrouble } = this.parts
    const entry = journal.begin(who, name, args, attempt)
    const answer = await this.#ask(name, args)
    if (mayLose && answer.structured.outcome === 'ok') {
      entry.lose()
      onTrouble('lost')
      // The assistant knows nothing, but whoever watches sees what the call has done all the same.
      await this.#watch(entry, answer.structured)
      return { structured: answer.structured, lost: true }
    }
    entry.end(answer)
    // The conversation goes on afterwards: what the next call changes must not be told of this one.
    await this.#watch(entry, answer.structured)
    return { structured: answer.structured, lost: false }
  }

  /**
   * @param {string} name
   * @param {object} args
   * @returns {Promise<ToolAnswer>}
   */
  async #ask(name, args) {
    try {
      await (this.#opened ??= this.parts.connection.open())
      return await this.parts.connection.callTool(name, args)
    } catch (error) {
      if (!(error instanceof DoorError)) throw error
      this.#opened = undefined
      const temporary = [0, 429, 503].includes(error.status)
      const structured = {
        outcome: temporary ? 'unreachable' : 'refused_by_the_door',
        message: temporary ? 'I cannot reach the clinic right now.' : 'Sorry, something is not set up right here. Please call the clinic.',
        detail: error.message,
        ...(error.retryAfterSeconds !== undefined && { retry_after_seconds: error.retryAfterSeconds }),
      }
      return { structured, text: error.message, isError: true }
    }
  }

  /**
   * Looks into the EHR after a call that may have changed something there.
   * @param {import('./journal.js').Entry} entry
   * @param {Structured} structured
   */
  async #watch(entry, structured) {
    const appointment = structured['appointment_id'] ?? structured['hold_id']
    const escalation = structured['escalation_id']
    if (appointment === undefined && escalation === undefined) return
    entry.changes(await this.parts.ehr.read(this.parts.who, { appointment, escalation }))
  }
}
