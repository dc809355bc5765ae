import type { Bundle, BundleEntry, FhirResource, OperationOutcome } from 'fhir/r4.js'
import { StackError } from '../stack/console.ts'

const CHECK_TIMEOUT_MS = 15_000
const BUNDLE_TIMEOUT_MS = 120_000
const SHOWN_DIAGNOSTICS = 400

/** One PUT of a bundle; `ifMatch` makes it conditional (`W/"0"`: only when the resource is not there). */
export interface Put {
  readonly resource: FhirResource
  readonly ifMatch?: string
}

/** What a PUT of a bundle came to. */
export interface PutAnswer {
  readonly status: number
  readonly diagnostics: string
}

/** The answer to a whole bundle; a transaction that lost a race has no entries. */
export type BundleAnswer = { readonly kind: 'done'; readonly entries: readonly PutAnswer[] } | { readonly kind: 'conflict' }

/** What visits stand on; read before it is written. */
export type SearchedType = 'Slot' | 'Appointment'

/** The FHIR server that is filled: sends bundles of PUTs, and reads what is there. */
export class FhirServer {
  readonly baseUrl: string

  constructor(baseUrl: string) {
    this.baseUrl = baseUrl.replace(/\/+$/, '')
  }

  /** @throws StackError when nothing answers there, or something that is no FHIR server */
  async check(): Promise<void> {
    const { status, body } = await this.#send('GET', '/Schedule?_summary=count', undefined, CHECK_TIMEOUT_MS)
    if (status === 200 && isResource(body, 'Bundle')) return
    throw new StackError(
      `${this.baseUrl} answers (status ${status}), but not like a FHIR server. Set FHIR_BASE_URL to the base of one, e.g. http://127.0.0.1:8080/fhir.`,
    )
  }

  /**
   * Sends PUTs in one bundle.
   * @throws StackError when the server refuses the bundle for another reason than a conflict
   */
  async putAll(type: 'batch' | 'transaction', puts: readonly Put[]): Promise<BundleAnswer> {
    const bundle: Bundle = { resourceType: 'Bundle', type, entry: puts.map((put) => this.#entry(put)) }
    const { status, body } = await this.#send('POST', '', JSON.stringify(bundle), BUNDLE_TIMEOUT_MS)
    if (status === 409 || status === 412) return { kind: 'conflict' }
    if (status !== 200 || !isResource(body, 'Bundle')) {
      throw new StackError(`The FHIR server refused ${describe(puts)}: status ${status}. ${diagnosticsOf(body)}`)
    }
    return { kind: 'done', entries: (body.entry ?? []).map(readAnswer) }
  }

  /** One page of a search, read past the server's cache. Search values go in the body, so that long lists fit. */
  async search<T extends SearchedType>(
    resourceType: T,
    params: Readonly<Record<string, string>>,
  ): Promise<Extract<FhirResource, { resourceType: T }>[]> {
    const { status, body } = await this.#send('POST', `/${resourceType}/_search`, new URLSearchParams(params), BUNDLE_TIMEOUT_MS)
    if (status !== 200 || !isResource(body, 'Bundle'))
      throw new StackError(`The FHIR server refused to search ${resourceType}: status ${status}. ${diagnosticsOf(body)}`)
    const found = (body.entry ?? []).flatMap((entry) => entry.resource ?? []) as FhirResource[]
    return found.filter((resource): resource is Extract<FhirResource, { resourceType: T }> => resource.resourceType === resourceType)
  }

  #entry({ resource, ifMatch }: Put): BundleEntry {
    const url = `${resource.resourceType}/${resource.id ?? ''}`
    return { fullUrl: `${this.baseUrl}/${url}`, resource, request: { method: 'PUT', url, ...(ifMatch !== undefined && { ifMatch }) } }
  }

  async #send(
    method: string,
    path: string,
    body: string | URLSearchParams | undefined,
    timeout: number,
  ): Promise<{ status: number; body: unknown }> {
    const headers = {
      accept: 'application/fhir+json',
      'cache-control': 'no-cache',
      ...(typeof body === 'string' && { 'content-type': 'application/fhir+json' }),
    }
    try {
      const response = await fetch(`${this.baseUrl}${path}`, { method, headers, body: body ?? null, signal: AbortSignal.timeout(timeout) })
      return { status: response.status, body: parseJson(await response.text()) }
    } catch (error) {
      throw new StackError(
        `The FHIR server at ${this.baseUrl} does not answer (${reasonOf(error)}).\n` +
          'Start one with "npm run stack", or set FHIR_BASE_URL to the base of yours.',
      )
    }
  }
}

function readAnswer(entry: BundleEntry): PutAnswer {
  return { status: Number(entry.response?.status.slice(0, 3)), diagnostics: diagnosticsOf(entry.response?.outcome) }
}

function describe(puts: readonly Put[]): string {
  const name = (put: Put | undefined): string => `${put?.resource.resourceType ?? ''}/${put?.resource.id ?? ''}`
  return puts.length === 1 ? name(puts[0]) : `the bundle from ${name(puts[0])} to ${name(puts.at(-1))}`
}

function diagnosticsOf(body: unknown): string {
  if (!isResource(body, 'OperationOutcome')) return ''
  const texts = body.issue.flatMap((issue) =>
    issue.severity === 'error' || issue.severity === 'fatal' ? [issue.diagnostics ?? issue.code] : [],
  )
  return texts.join('; ').slice(0, SHOWN_DIAGNOSTICS)
}

function isResource(body: unknown, type: 'Bundle'): body is Bundle
function isResource(body: unknown, type: 'OperationOutcome'): body is OperationOutcome
function isResource(body: unknown, type: string): boolean {
  return typeof body === 'object' && body !== null && 'resourceType' in body && body.resourceType === type
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason'
  const { cause } = error
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.message
}
