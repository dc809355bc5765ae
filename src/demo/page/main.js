// @ts-check
import { Board } from './board.js'
import { Conversation } from './conversation.js'
import { byId, el } from './dom.js'
import { EhrWatch } from './ehr.js'
import { Journal } from './journal.js'
import { race } from './race.js'
import { clinicTimes } from './times.js'

/** The one client of a development gateway. Production refuses it, and has no page that could send it. */
const KEY = 'dev-key'

/** @type {readonly [import('./journal.js').Who, import('./journal.js').Who]} */
const WHO = [
  { tone: 'first', letter: 'A', name: 'Patient A' },
  { tone: 'second', letter: 'B', name: 'Patient B' },
]

await start().catch((error) => {
  byId('problem', HTMLElement).append(el('p', {}, `The page could not start: ${error instanceof Error ? error.message : String(error)}`))
})

async function start() {
  const answer = await fetch('demo/clinic.json')
  if (!answer.ok) throw new Error(`the gateway answered ${answer.status}. Reload the page in a moment.`)
  /** @type {import('./script.js').Clinic} */
  const clinic = await answer.json()
  byId('clinic', HTMLElement).textContent = clinic.name
  const times = clinicTimes(clinic.timezone)
  const journal = new Journal(byId('journal', HTMLElement), byId('journal-empty', HTMLElement), times)
  const board = new Board(byId('standing', HTMLElement), byId('standing-empty', HTMLElement), times)
  const ehr = new EhrWatch(KEY, (id, standing) => board.show(id, standing))
  const lose = byId('lose', HTMLInputElement)
  const shared = { clinic, key: KEY, journal, ehr, losesAnswers: () => lose.checked }
  /** @type {readonly [Conversation, Conversation]} */
  const both = [new Conversation('first', WHO[0], shared), new Conversation('second', WHO[1], shared)]
  both[0].begin()
  setUpModes(both, journal, board)
}

/**
 * @param {readonly [Conversation, Conversation]} both
 * @param {Journal} journal
 * @param {Board} board
 */
function setUpModes(both, journal, board) {
  const [, second] = both
  let hasSecond = false
  const show = () => {
    const two = byId('mode-two', HTMLInputElement).checked
    document.body.classList.toggle('two', two)
    for (const id of ['second', 'race-bar']) byId(id, HTMLElement).hidden = !two
    if (two && !hasSecond) second.begin()
    hasSecond ||= two
  }
  for (const id of ['mode-one', 'mode-two']) byId(id, HTMLInputElement).addEventListener('change', show)
  show()
  const clear = () => {
    journal.clear()
    board.clear()
  }
  byId('clear', HTMLButtonElement).addEventListener('click', clear)
  byId('race', HTMLButtonElement).addEventListener('click', () => {
    clear()
    race(both, journal)
  })
  const lose = byId('lose', HTMLInputElement)
  lose.addEventListener('change', () => {
    journal.remark(lose.checked ? 'From now on the first answer to a booking or a move gets lost.' : 'Answers arrive again.')
  })
}
