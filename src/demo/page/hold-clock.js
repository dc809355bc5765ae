// @ts-check
import { el } from './dom.js'
import { hidden } from './journal.js'

const TICK_MS = 500
/** When a screen reader is told how long is left, in seconds. Every second would drown everything else. */
const TOLD_AT = [60, 20]

/** How long a hold still stands, for eyes by a bar and a time, for ears by a word now and then. */
export class HoldClock {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer
  #told = ''

  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place
    this.left = el('span', { class: 'left', role: 'timer' })
    this.bar = el('span', { class: 'bar-fill' })
    this.spoken = el('span', { class: 'visually-hidden', role: 'status' })
    place.append(
      el('span', { class: 'hold-label' }, 'Held for you'),
      el('span', { class: 'bar', 'aria-hidden': 'true' }, this.bar),
      this.left,
      hidden('left'),
      this.spoken,
    )
  }

  /**
   * @param {number} until epoch milliseconds
   * @param {number} seconds the whole time of a hold
   */
  start(until, seconds) {
    this.stop()
    this.place.hidden = false
    const tick = () => this.#draw(Math.max(0, Math.ceil((until - Date.now()) / 1000)), seconds)
    tick()
    this.#timer = setInterval(tick, TICK_MS)
  }

  stop() {
    clearInterval(this.#timer)
    this.#told = ''
    this.spoken.textContent = ''
    this.place.hidden = true
  }

  /**
   * @param {number} left
   * @param {number} whole
   */
  #draw(left, whole) {
    this.left.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`
    this.bar.style.setProperty('inline-size', `${Math.min(100, (left / whole) * 100)}%`)
    this.place.classList.toggle('short', left <= (TOLD_AT[0] ?? 0))
    const mark = TOLD_AT.find((seconds) => left === seconds)
    const told = mark === undefined ? this.#told : `${mark} seconds left`
    if (told !== this.#told) this.spoken.textContent = told
    this.#told = told
  }
}
