// @ts-check
import { byId, el, toEnd } from './dom.js'
import { HoldClock } from './hold-clock.js'
import { badge, hidden } from './journal.js'
import { Prompt } from './prompt.js'

/**
 * @template T
 * @typedef {import('./prompt.js').Option<T>} Option
 */
/**
 * @typedef {import('./prompt.js').Form} Form
 * @typedef {import('./journal.js').Who} Who
 * Answers in the patient's place, for the race: the index of an option, or `undefined` to leave it to the human.
 * @typedef {(step: string, options: readonly Option<any>[]) => Promise<number | undefined>} Pilot
 */

/** The conversation was begun anew. */
export class BegunAnew extends Error {}

let messages = 0

/** One conversation on the screen. */
export class Chat {
  /** @type {Pilot | undefined} */
  pilot
  #over = new AbortController()
  #question = ''

  /**
   * @param {string} prefix of the ids in the page: `first` or `second`
   * @param {Who} who
   * @param {() => void} onRestart
   */
  constructor(prefix, who, onRestart) {
    this.who = who
    this.log = byId(`${prefix}-log`, HTMLElement)
    this.title = byId(`${prefix}-name`, HTMLElement)
    this.prompt = new Prompt(byId(`${prefix}-turn`, HTMLElement))
    this.clock = new HoldClock(byId(`${prefix}-hold`, HTMLElement))
    byId(`${prefix}-badge`, HTMLElement).append(badge(who))
    byId(`${prefix}-restart`, HTMLElement).addEventListener('click', onRestart)
  }

  /** Empties the screen; whatever the old conversation still waits for ends with `BegunAnew`. */
  clear() {
    this.#over.abort(new BegunAnew())
    this.#over = new AbortController()
    this.pilot = undefined
    this.clock.stop()
    this.prompt.clear()
    this.log.replaceChildren()
  }

  /** Ends with `BegunAnew` when the conversation is over; asked after everything that takes time. */
  get signal() {
    return this.#over.signal
  }

  /** @param {string} text */
  say(text) {
    this.#question = this.#add('assistant', 'Assistant: ', text)
  }

  /** @param {string} text what the patient answered */
  heard(text) {
    this.#add('patient', 'Patient: ', text)
  }

  /** @param {string} text about the line, not of the conversation */
  note(text) {
    this.#add('note', '', text)
  }

  /** @param {string} text said at once, whatever a screen reader is reading */
  alarm(text) {
    this.#append(el('div', { class: 'message alarm', role: 'alert' }, el('strong', {}, 'Urgent'), el('p', {}, text)))
  }

  /**
   * @param {string} text
   * @param {string} url
   */
  link(text, url) {
    this.#append(el('p', { class: 'message assistant' }, el('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, text)))
  }

  /** @param {HTMLElement} card */
  show(card) {
    this.#append(card)
  }

  /**
   * Asks for a choice. The question is what was said last.
   * @template T
   * @param {string} step
   * @param {readonly Option<T>[]} options
   * @param {{ at: number, value: T }} [deadline] what it becomes at a moment (epoch milliseconds) when nobody chose
   * @returns {Promise<T>}
   */
  async choose(step, options, deadline) {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer
    try {
      /** @type {Option<T> | undefined} */
      const chosen = await this.#untilOver((resolve) => {
        this.prompt.showOptions(options, this.#question, resolve)
        toEnd(this.log)
        void this.pilot?.(step, options).then((index) => {
          const option = index === undefined ? undefined : options[index]
          if (option) resolve(option)
        })
        if (deadline) timer = setTimeout(() => resolve(undefined), Math.max(0, deadline.at - Date.now()))
      })
      if (!chosen) return /** @type {{ value: T }} */ (deadline).value
      this.heard(chosen.label)
      return chosen.value
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * Asks for something in words.
   * @param {string} step
   * @param {Form} form
   * @param {(values: Record<string, string>) => string} [spoken] how the answer reads in the log
   * @returns {Promise<Record<string, string> | undefined>} `undefined`: skipped
   */
  async ask(step, form, spoken = (values) => Object.values(values).join(', ')) {
    /** @type {Record<string, string> | undefined} */
    const values = await this.#untilOver((resolve) => {
      this.prompt.showForm(form, this.#question, resolve)
      toEnd(this.log)
      const options = [...(form.suggestions ?? []), ...(form.skip === undefined ? [] : [form.skip])].map((label) => ({
        label,
        value: label,
      }))
      void this.pilot?.(step, options).then((index) => {
        const label = index === undefined ? undefined : options[index]?.label
        if (label !== undefined) resolve(label === form.skip ? undefined : { [form.fields[0]?.name ?? '']: label })
      })
    })
    this.heard(values === undefined ? (form.skip ?? '') : spoken(values))
    return values
  }

  /**
   * @template T
   * @param {(resolve: (value: T) => void) => void} begin
   * @returns {Promise<T>}
   */
  async #untilOver(begin) {
    const { signal } = this
    signal.throwIfAborted()
    const answer = await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      begin(resolve)
    })
    this.prompt.showWaiting('One moment')
    return answer
  }

  /**
   * @param {string} kind
   * @param {string} speaker
   * @param {string} text
   * @returns {string} the id of the text
   */
  #add(kind, speaker, text) {
    const id = `message-${++messages}`
    this.#append(el('p', { class: `message ${kind}` }, hidden(speaker), el('span', { id }, text)))
    return id
  }

  /** @param {HTMLElement} node */
  #append(node) {
    this.log.append(node)
    toEnd(this.log)
  }
}
