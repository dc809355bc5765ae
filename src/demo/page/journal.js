// @ts-check
import { el, toEnd } from './dom.js'

/**
 * Whose assistant it is: a letter and a colour, never the colour alone.
 * @typedef {{ tone: 'first' | 'second', letter: string, name: string }} Who
 * @typedef {import('./ehr.js').Change} Change
 * @typedef {import('./mcp.js').ToolAnswer} ToolAnswer
 */

/** Ids and tokens are long; what matters is that they are the same ones again. */
const LONGEST_TEXT = 44
const GOOD = ['ok', 'eligible']
const WAITING = ['pending', 'unreachable', 'ehr_unavailable', 'contention', 'rate_limited']

/** The list of tool calls, each followed by what it changed in the EHR. */
export class Journal {
  /**
   * @param {HTMLElement} list an `ol`
   * @param {HTMLElement} empty what stands there before the first one
   * @param {import('./times.js').ClinicTimes} times
   */
  constructor(list, empty, times) {
    this.list = list
    this.empty = empty
    this.times = times
  }

  /**
   * @param {Who} who
   * @param {string} name
   * @param {Record<string, unknown>} args
   * @param {number} attempt
   */
  begin(who, name, args, attempt) {
    const entry = new Entry(who, name, args, attempt, this.times)
    this.add(entry.item)
    return entry
  }

  /**
   * A line between the calls.
   * @param {string} text
   */
  remark(text) {
    this.add(el('li', { class: 'remark' }, text))
  }

  /** @param {HTMLElement} item */
  add(item) {
    this.empty.hidden = true
    this.list.append(item)
    toEnd(this.list)
  }

  clear() {
    this.list.replaceChildren()
    this.empty.hidden = false
  }
}

/** One call. */
export class Entry {
  #started = performance.now()

  /**
   * @param {Who} who
   * @param {string} name
   * @param {Record<string, unknown>} args
   * @param {number} attempt
   * @param {import('./times.js').ClinicTimes} times
   */
  constructor(who, name, args, attempt, times) {
    this.times = times
    this.outcome = el('span', { class: 'chip waiting' }, 'asking')
    this.took = el('span', { class: 'took' })
    this.body = el('div', { class: 'call-body' }, el('h4', {}, 'Sent'), json(args))
    const repeated = attempt > 1 ? el('span', { class: 'again' }, `try ${attempt}`) : undefined
    this.item = el(
      'li',
      { class: `call ${who.tone}` },
      el('details', {}, el('summary', {}, badge(who), el('code', {}, name), repeated, this.outcome, this.took), this.body),
    )
  }

  /** @param {ToolAnswer} answer */
  end({ structured }) {
    const { outcome } = structured
    const tone = GOOD.includes(outcome) ? 'good' : WAITING.includes(outcome) ? 'waiting' : outcome === 'urgent' ? 'bad' : 'refused'
    const replayed = structured['replayed'] === true
    this.#settle(replayed ? 'replayed' : tone, `${outcome.replaceAll('_', ' ')}${replayed ? ', replayed' : ''}`)
    this.body.append(el('h4', {}, 'Came back'), json(structured))
  }

  /** The answer came, and the page threw it away unread. */
  lose() {
    this.#settle('bad', 'answer lost')
    this.body.append(el('p', {}, 'The switch threw the answer away unread: the assistant does not know what became of the call.'))
  }

  /** @param {Change[] | undefined} changes */
  changes(changes) {
    if (changes === undefined || changes.length === 0) {
      this.item.append(el('p', { class: 'changes' }, changes ? 'Nothing changed in the EHR.' : 'The EHR could not be read just now.'))
      return
    }
    const lines = changes.map((change) => changeLine(change, this.times))
    this.item.append(el('div', { class: 'changes' }, el('h4', {}, 'Changed in the EHR'), el('ul', {}, ...lines)))
    const list = this.item.parentElement
    if (list) toEnd(list)
  }

  /**
   * @param {string} tone
   * @param {string} text
   */
  #settle(tone, text) {
    this.outcome.className = `chip ${tone}`
    this.outcome.textContent = text
    this.took.textContent = `${Math.round(performance.now() - this.#started)} ms`
  }
}

/** @param {Who} who */
export function badge({ letter, name, tone }) {
  return el('span', { class: `badge ${tone}`, title: name }, el('span', { 'aria-hidden': 'true' }, letter), hidden(name))
}

/** @param {string} text read aloud, not shown */
export function hidden(text) {
  return el('span', { class: 'visually-hidden' }, text)
}

/**
 * @param {Change} change
 * @param {import('./times.js').ClinicTimes} times
 */
function changeLine({ resource, before }, times) {
  const { resourceType, id, status, start } = resource
  const moved = before?.start !== undefined && before.start !== start
  const label = resourceType === 'Slot' ? `Slot ${times.time(start)}` : `${resourceType}/${id}`
  return el(
    'li',
    { title: `${resourceType}/${id}, version ${resource.meta.versionId}` },
    el('span', { class: 'what' }, label),
    before
      ? el('span', { class: 'status' }, moved ? times.dayAndTime(before.start) : before.status)
      : el('span', { class: 'status' }, 'new'),
    el('span', { class: 'arrow', 'aria-hidden': 'true' }, '→'),
    hidden('now'),
    el('span', { class: 'status now' }, moved ? times.dayAndTime(start) : status),
  )
}

/** @param {unknown} value */
function json(value) {
  const short = (/** @type {string} */ _key, /** @type {unknown} */ part) =>
    typeof part === 'string' && part.length > LONGEST_TEXT && !part.includes(' ')
      ? `${part.slice(0, LONGEST_TEXT)}… (${part.length})`
      : part
  return el('pre', { tabindex: '0' }, JSON.stringify(value, short, 2))
}
