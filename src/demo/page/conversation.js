// @ts-check
import { Chat } from './chat.js'
import { McpConnection } from './mcp.js'
import { release } from './script-booking.js'
import { converse } from './script.js'
import { PatientTools } from './tools.js'

/** @type {Record<import('./tools.js').Trouble, string>} */
const TROUBLE = {
  lost: 'The connection broke before the answer came. I ask again: asking twice has one effect.',
  later: 'The clinic does not answer right now. I try again in a moment.',
  pending: 'I am waiting for the clinic to confirm that.',
}

/**
 * What all conversations of the page share.
 * @typedef {{
 *   clinic: import('./script.js').Clinic, key: string, journal: import('./journal.js').Journal,
 *   ehr: import('./ehr.js').EhrWatch, losesAnswers: () => boolean,
 * }} Shared
 */

/** One patient's conversation: the screen, the calls and the script, and a beginning as often as wanted. */
export class Conversation {
  /** @type {import('./script.js').Talk} */
  #talk

  /**
   * @param {'first' | 'second'} prefix
   * @param {import('./journal.js').Who} who
   * @param {Shared} shared
   */
  constructor(prefix, who, shared) {
    const { clinic, key } = shared
    this.chat = new Chat(prefix, who, () => this.begin())
    this.tools = new PatientTools({
      ...shared,
      who,
      connection: new McpConnection('mcp', key),
      onTrouble: (trouble) => this.chat.note(TROUBLE[trouble]),
    })
    this.name = this.chat.title.textContent ?? ''
    this.#talk = this.#newTalk(clinic, key)
  }

  /**
   * Begins anew. A time that is still held is given back first.
   * @param {import('./chat.js').Pilot} [pilot]
   */
  begin(pilot) {
    const old = this.#talk
    void release({ ...old, call: (tool, args) => this.tools.call(tool, args) })
    this.chat.clear()
    this.chat.title.textContent = this.name
    this.chat.pilot = pilot
    this.#talk = this.#newTalk(old.clinic, old.key)
    void converse(this.#talk)
  }

  /** What the assistant remembers of the conversation that goes on. */
  get memory() {
    return this.#talk.memory
  }

  /**
   * @param {import('./script.js').Clinic} clinic
   * @param {string} key
   * @returns {import('./script.js').Talk}
   */
  #newTalk(clinic, key) {
    const { signal } = this.chat
    return {
      chat: this.chat,
      clinic,
      key,
      memory: {},
      call: async (tool, args) => {
        const answer = await this.tools.call(tool, args)
        signal.throwIfAborted()
        return answer
      },
    }
  }
}
