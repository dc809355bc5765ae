// @ts-check
import { el } from './dom.js'
import { badge } from './journal.js'

/** "In the EHR now": every visit and every Task of this page as it stands. */
export class Board {
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map()

  /**
   * @param {HTMLElement} list a `ul`
   * @param {HTMLElement} empty what stands there before the first one
   * @param {import('./times.js').ClinicTimes} times
   */
  constructor(list, empty, times) {
    this.list = list
    this.empty = empty
    this.times = times
  }

  /**
   * @param {string} id
   * @param {import('./ehr.js').Standing} standing
   */
  show(id, standing) {
    const row = standing.main.resourceType === 'Task' ? taskRow(standing) : this.#visitRow(standing)
    const old = this.#rows.get(id)
    if (old) old.replaceWith(row)
    else this.list.prepend(row)
    this.#rows.set(id, row)
    this.empty.hidden = true
  }

  clear() {
    this.#rows.clear()
    this.list.replaceChildren()
    this.empty.hidden = false
  }

  /** @param {import('./ehr.js').Standing} standing */
  #visitRow({ who, main, slots }) {
    const times = slots.map((slot) =>
      el(
        'li',
        { class: `slot ${slot.status}` },
        el('span', { class: 'slot-time' }, this.times.time(slot.start)),
        el('span', {}, slot.status),
      ),
    )
    return el(
      'li',
      { class: `standing ${who.tone}` },
      el('div', { class: 'standing-head' }, badge(who), el('strong', {}, this.times.dayAndTime(main.start)), status(main.status)),
      el(
        'div',
        { class: 'standing-body' },
        el('p', { class: 'reference' }, `Appointment/${main.id} v${main.meta.versionId}`),
        el('ul', { class: 'slots', 'aria-label': 'Slots' }, ...times),
      ),
    )
  }
}

/** @param {import('./ehr.js').Standing} standing */
function taskRow({ who, main }) {
  const reason = main['code']?.text ?? main['code']?.coding?.[0]?.display ?? 'for staff'
  return el(
    'li',
    { class: `standing ${who.tone}` },
    el('div', { class: 'standing-head' }, badge(who), el('strong', {}, String(reason)), status(main.status)),
    el('p', { class: 'reference' }, `Task/${main.id}, priority ${String(main['priority'])}`),
  )
}

/** @param {string} text */
function status(text) {
  const tone = { booked: 'good', pending: 'waiting', requested: 'waiting' }[text] ?? 'over'
  return el('span', { class: `chip ${tone}` }, text)
}
