// @ts-check

/**
 * @typedef {import('./journal.js').Who} Who
 * @typedef {{ resourceType: string, id: string, status: string, meta: { versionId: string }, start?: string, end?: string, [element: string]: any }} Resource
 * @typedef {{ resource: Resource, before?: Resource }} Change what a resource has become, and what it was
 * @typedef {{ who: Who, main: Resource, slots: Resource[] }} Standing a visit, or a Task, as it stands
 */

/** Nobody waits longer for a look into the EHR; the next look tells what this one missed. */
const LOOK_MS = 4_000

/** What the EHR holds of the visits of this page, read from the EHR after each change. */
export class EhrWatch {
  /** Versions that were shown already, by `Type/id`. @type {Map<string, string>} */
  #seen = new Map()
  /** Slots a visit has ever claimed, by its id: a moved visit names its new ones only. @type {Map<string, Set<string>>} */
  #slots = new Map()
  /** @type {Promise<unknown>} */
  #before = Promise.resolve()

  /**
   * @param {string} key the client key
   * @param {(id: string, standing: Standing) => void} onStanding
   */
  constructor(key, onStanding) {
    this.key = key
    this.onStanding = onStanding
  }

  /**
   * What has changed since the last look. One reading after the other, so that no change is told twice.
   * @param {Who} who
   * @param {{ appointment?: string, escalation?: string }} ids
   * @returns {Promise<Change[] | undefined>} `undefined`: the EHR could not be read
   */
  read(who, ids) {
    const reading = this.#before.then(() => this.#read(who, ids)).catch(() => undefined)
    this.#before = reading
    return reading
  }

  /**
   * @param {Who} who
   * @param {{ appointment?: string, escalation?: string }} ids
   */
  async #read(who, { appointment, escalation }) {
    const known = this.#slots.get(appointment ?? '') ?? new Set()
    const query = new URLSearchParams({
      ...(appointment !== undefined && { appointment, slots: [...known].join(',') }),
      ...(escalation !== undefined && { escalation }),
    })
    const headers = { authorization: `Bearer ${this.key}` }
    const answer = await fetch(`demo/ehr?${query}`, { headers, signal: AbortSignal.timeout(LOOK_MS) })
    if (!answer.ok) return undefined
    /** @type {{ appointment: Resource[], slots: Resource[][], task: Resource[] }} */
    const found = await answer.json()
    const slots = found.slots.filter((history) => history.length > 0)
    for (const [slot] of slots) if (slot) known.add(slot.id)
    if (appointment !== undefined) this.#slots.set(appointment, known)
    this.#tell(who, appointment, found.appointment[0], slots)
    this.#tell(who, escalation, found.task[0], [])
    return [found.appointment, ...byTime(slots), found.task].flatMap((history) => this.#change(history))
  }

  /**
   * @param {Who} who
   * @param {string | undefined} id
   * @param {Resource | undefined} main
   * @param {Resource[][]} slots
   */
  #tell(who, id, main, slots) {
    if (id !== undefined && main) this.onStanding(id, { who, main, slots: byTime(slots).flatMap((history) => history.slice(0, 1)) })
  }

  /**
   * @param {Resource[]} history newest first
   * @returns {Change[]}
   */
  #change(history) {
    const [resource, previous] = history
    if (!resource) return []
    const reference = `${resource.resourceType}/${resource.id}`
    const seen = this.#seen.get(reference)
    if (seen === resource.meta.versionId) return []
    this.#seen.set(reference, resource.meta.versionId)
    const before = history.find((version) => version.meta.versionId === seen) ?? previous
    return [before ? { resource, before } : { resource }]
  }
}

/** @param {Resource[][]} histories */
function byTime(histories) {
  return [...histories].sort((a, b) => (a[0]?.start ?? '').localeCompare(b[0]?.start ?? ''))
}
