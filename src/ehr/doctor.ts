import type { Appointment, BundleEntry, FhirResource, Slot, Task } from 'fhir/r4.js'
import { isBundle, resourcesIn } from './bundles.ts'
import { deleteAll } from './deletions.ts'
import { LARGEST_PAGE } from './fhir-ehr.ts'
import type { Exchange, FhirHttp } from './fhir-http.ts'

/** One thing the promises need of a FHIR server, and whether it was found. */
export interface Finding {
  readonly need: string
  readonly ok: boolean
  /** What was seen, and what it would mean. */
  readonly seen: string
  /** No promise rests on it: somebody should know, and writes stay open. */
  readonly isWarning?: boolean
}

const TIMEOUT_MS = 15_000
const SYSTEM = 'https://fhir-scheduling-gateway.org/fhir/probe'
const EXTENSION = 'https://fhir-scheduling-gateway.org/fhir/StructureDefinition/probe'

/**
 * Probes a FHIR server with a few resources of its own, all `entered-in-error` and deleted afterwards: whether it keeps
 * what no-double-booking rests on. Unreachable servers give findings too; nothing is thrown.
 */
export async function examine(http: FhirHttp): Promise<Finding[]> {
  const probe = new Probe(http)
  let found: Finding[]
  let left: Finding[]
  try {
    found = await allOf(probe)
  } finally {
    left = await probe.cleanUp()
  }
  return [...found, ...left]
}

async function allOf(probe: Probe): Promise<Finding[]> {
  const reachable = await probe.prepare()
  if (!reachable.ok) return [reachable]
  return [
    reachable,
    await probe.conditionalCreate(),
    await probe.conditionalTask(),
    await probe.createOnly(),
    await probe.staleVersion(),
    await probe.unchangedSlotOfLoser(),
    await probe.freshSearch(),
    await probe.keptExtension(),
    await probe.includedSlots(),
    await probe.pageSize(),
  ]
}

class Probe {
  readonly #http: FhirHttp
  /** A letter first: HAPI refuses ids of digits only. */
  readonly #tag = `fsg-probe-${crypto.randomUUID().slice(0, 18)}`
  readonly #ids: string[] = []
  /** Whether the server may hold something of it: also after an answer that never came. */
  #hasWritten = false

  constructor(http: FhirHttp) {
    this.#http = http
  }

  async prepare(): Promise<Finding> {
    const need = 'It answers, and takes a transaction'
    const answer = await this.#transaction([
      put({ resourceType: 'Schedule', id: this.#id('schedule'), active: false, actor: [{ display: 'probe' }] }),
      put(this.#slot('a')),
      put(this.#slot('b')),
    ])
    this.#hasWritten = answer.kind === 'broken' ? answer.sent : answer.status === 200 || answer.status >= 500
    if (status(answer) === 200) return { need, ok: true, seen: 'yes' }
    return {
      need,
      ok: false,
      seen: answer.kind === 'broken' ? 'no answer: is FHIR_BASE_URL right, and is the server up?' : `status ${answer.status}`,
    }
  }

  async conditionalCreate(): Promise<Finding> {
    const need = 'If-None-Exist: a second create finds the first'
    const first = await this.#transaction([this.#appointment('one', 'a')])
    const second = await this.#transaction([this.#appointment('one', 'a')])
    this.#remember(first, second)
    const [one, two] = [location(first), location(second)]
    return { need, ok: one !== undefined && one === two, seen: `${one ?? status(first)}, then ${two ?? status(second)}` }
  }

  /** What is put in front of staff rests on it: one Task for one reason, however often it is noticed. */
  async conditionalTask(): Promise<Finding> {
    const need = 'If-None-Exist on a Task: one escalation, one Task'
    const first = await this.#transaction([this.#task('task')])
    const second = await this.#transaction([this.#task('task')])
    this.#remember(first, second)
    const [one, two] = [location(first), location(second)]
    return { need, ok: one !== undefined && one === two, seen: `${one ?? status(first)}, then ${two ?? status(second)}` }
  }

  async createOnly(): Promise<Finding> {
    const need = 'PUT with If-Match W/"0" creates once, and aborts its transaction otherwise'
    const receipt = (): BundleEntry => put(this.#slot('receipt'), '0')
    const first = await this.#transaction([receipt()])
    const second = await this.#transaction([receipt(), put({ ...this.#slot('b'), comment: 'must not appear' })])
    const b = await this.#read('Slot', this.#id('b'))
    const untouched = (b as Slot | undefined)?.comment === undefined
    return {
      need,
      ok: status(first) === 200 && isConflict(second) && untouched,
      seen: `${status(first)}, then ${status(second)}; the other entry ${untouched ? 'was not applied' : 'WAS APPLIED'}`,
    }
  }

  async staleVersion(): Promise<Finding> {
    const need = 'If-Match in a transaction refuses a stale version'
    const version = (await this.#read('Slot', this.#id('a')))?.meta?.versionId ?? '1'
    const winner = await this.#transaction([put({ ...this.#slot('a'), comment: 'first' }, version)])
    const loser = await this.#transaction([
      put({ ...this.#slot('a'), comment: 'second' }, version),
      put({ ...this.#slot('b'), comment: 'must not appear' }),
    ])
    return { need, ok: status(winner) === 200 && isConflict(loser), seen: `${status(winner)}, then ${status(loser)}` }
  }

  async unchangedSlotOfLoser(): Promise<Finding> {
    const need = 'A refused transaction leaves nothing behind'
    const slots = await Promise.all(['a', 'b'].map((name) => this.#read('Slot', this.#id(name))))
    const comments = slots.map((slot) => (slot as Slot | undefined)?.comment ?? 'none')
    return { need, ok: comments[0] === 'first' && comments[1] === 'none', seen: `Slots say ${comments.join(' and ')}` }
  }

  async freshSearch(): Promise<Finding> {
    const need = 'Searches with no-store see the last write'
    const search = `Slot?schedule=Schedule/${this.#id('schedule')}&status=busy&_count=10`
    const before = await this.#search(search)
    await this.#transaction([put({ ...this.#slot('b'), status: 'busy' })])
    const after = await this.#search(search)
    return { need, ok: before.length === 0 && after.length === 1, seen: `${before.length} before, ${after.length} after` }
  }

  async keptExtension(): Promise<Finding> {
    const need = 'Unknown extensions on a Slot are kept'
    const slot = (await this.#read('Slot', this.#id('a'))) as Slot | undefined
    const kept =
      slot?.extension?.some((extension) => extension.url === EXTENSION && extension.extension?.[0]?.valueString === 'kept') ?? false
    return { need, ok: kept, seen: kept ? 'yes' : 'dropped' }
  }

  async includedSlots(): Promise<Finding> {
    const need = '_include brings the Slots of an Appointment (slot and supportingInformation)'
    const search = `Appointment?identifier=${encodeURIComponent(`${SYSTEM}|${this.#tag}-one`)}&_include=Appointment:slot&_include=Appointment:supporting-info:Slot&_count=10`
    const found = (await this.#search(search)).filter((resource) => resource.resourceType === 'Slot').length
    return { need, ok: found === 2, seen: `${found} of 2` }
  }

  /** A server that cuts pages shorter does so silently under no-store. It shows only where it has more than a page. */
  async pageSize(): Promise<Finding> {
    const need = `Pages of ${LARGEST_PAGE} entries`
    const count = await this.#http.request('GET', 'Slot?_summary=count', NO_STORE, TIMEOUT_MS)
    const total = count.kind === 'answer' && isBundle(count.body) ? (count.body.total ?? 0) : 0
    const page = (await this.#search(`Slot?_elements=status&_count=${LARGEST_PAGE}`)).length
    return { need, ok: page >= Math.min(LARGEST_PAGE, total), seen: `${page} of ${total} Slots` }
  }

  /** Appointments refer to Slots and those to the Schedule, so they go in that order. @returns a warning where something stays behind */
  async cleanUp(): Promise<Finding[]> {
    if (!this.#hasWritten) return []
    const own = ['a', 'b', 'receipt'].map((name) => `Slot/${this.#id(name)}`)
    const left = await deleteAll(this.#http, [...this.#ids, ...own, `Schedule/${this.#id('schedule')}`], TIMEOUT_MS)
    if (left.length === 0) return []
    return [{ need: 'What the examination wrote is deleted again', ok: false, isWarning: true, seen: `left behind: ${left.join(', ')}` }]
  }

  #id(name: string): string {
    return `${this.#tag}-${name}`
  }

  #slot(name: string): Slot {
    return {
      resourceType: 'Slot',
      id: this.#id(name),
      status: 'entered-in-error',
      schedule: { reference: `Schedule/${this.#id('schedule')}` },
      start: '2000-01-03T10:00:00Z',
      end: '2000-01-03T10:15:00Z',
      extension: [{ url: EXTENSION, extension: [{ url: 'value', valueString: 'kept' }] }],
    }
  }

  #appointment(name: string, slot: string): BundleEntry {
    const resource: Appointment = {
      resourceType: 'Appointment',
      status: 'entered-in-error',
      identifier: [{ system: SYSTEM, value: this.#id(name) }],
      start: '2000-01-03T10:00:00Z',
      end: '2000-01-03T10:15:00Z',
      slot: [{ reference: `Slot/${this.#id(slot)}` }],
      supportingInformation: [{ reference: `Slot/${this.#id('b')}` }],
      participant: [{ actor: { display: 'probe' }, status: 'tentative' }],
    }
    return this.#createOnce(resource, name)
  }

  #task(name: string): BundleEntry {
    const identifier = [{ system: SYSTEM, value: this.#id(name) }]
    return this.#createOnce({ resourceType: 'Task', status: 'entered-in-error', intent: 'order', identifier }, name)
  }

  #createOnce(resource: Appointment | Task, name: string): BundleEntry {
    return {
      fullUrl: `urn:uuid:${crypto.randomUUID()}`,
      resource,
      request: {
        method: 'POST',
        url: resource.resourceType,
        ifNoneExist: `identifier=${encodeURIComponent(`${SYSTEM}|${this.#id(name)}`)}`,
      },
    }
  }

  async #transaction(entry: BundleEntry[]): Promise<Exchange> {
    const full = entry.map((one) => ({ fullUrl: `${this.#http.baseUrl}/${one.request?.url ?? ''}`, ...one }))
    return this.#http.bundle({ resourceType: 'Bundle', type: 'transaction', entry: full }, { prefer: 'return=minimal' }, TIMEOUT_MS)
  }

  async #read(type: string, id: string): Promise<FhirResource | undefined> {
    const answer = await this.#http.request('GET', `${type}/${id}`, NO_STORE, TIMEOUT_MS)
    return answer.kind === 'answer' && answer.status === 200 ? (answer.body as FhirResource) : undefined
  }

  async #search(url: string): Promise<FhirResource[]> {
    const answer = await this.#http.request('GET', url, NO_STORE, TIMEOUT_MS)
    return answer.kind === 'answer' && isBundle(answer.body) ? resourcesIn(answer.body) : []
  }

  #remember(...answers: Exchange[]): void {
    for (const answer of answers) {
      const made = location(answer)
      if (made !== undefined && !this.#ids.includes(made)) this.#ids.push(made)
    }
  }
}

const NO_STORE = { 'cache-control': `no-store, max-results=${LARGEST_PAGE}` }

function put(resource: FhirResource, version?: string): BundleEntry {
  return {
    resource,
    request: {
      method: 'PUT',
      url: `${resource.resourceType}/${resource.id ?? ''}`,
      ...(version !== undefined && { ifMatch: `W/"${version}"` }),
    },
  }
}

function status(exchange: Exchange): number | 'no answer' {
  return exchange.kind === 'answer' ? exchange.status : 'no answer'
}

function isConflict(exchange: Exchange): boolean {
  return exchange.kind === 'answer' && (exchange.status === 409 || exchange.status === 412)
}

/** `Type/id` of the first entry a transaction wrote. */
function location(exchange: Exchange): string | undefined {
  const bundle = exchange.kind === 'answer' && isBundle(exchange.body) ? exchange.body : undefined
  return /([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]+)\/_history\//.exec(bundle?.entry?.[0]?.response?.location ?? '')?.[1]
}
