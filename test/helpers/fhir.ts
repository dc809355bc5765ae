import type { Bundle, FhirResource } from 'fhir/r4.js'

/** Bare access to the EHR for tests: what a clinic's own software would do, past the gateway. */
export class Fhir {
  readonly baseUrl: string

  constructor(baseUrl: string) {
    this.baseUrl = baseUrl
  }

  async put<T extends FhirResource>(resource: T): Promise<T> {
    return (await this.#send('PUT', `${resource.resourceType}/${resource.id ?? ''}`, resource)) as T
  }

  /** Puts all of them in one transaction. */
  async putAll(resources: readonly FhirResource[]): Promise<void> {
    const entry = resources.map((resource) => {
      const url = `${resource.resourceType}/${resource.id ?? ''}`
      return { fullUrl: `${this.baseUrl}/${url}`, resource, request: { method: 'PUT' as const, url } }
    })
    await this.#send('POST', '', { resourceType: 'Bundle', type: 'transaction', entry })
  }

  async create<T extends FhirResource>(resource: T): Promise<T> {
    return (await this.#send('POST', resource.resourceType, resource)) as T
  }

  async read<T extends FhirResource['resourceType']>(type: T, id: string): Promise<Extract<FhirResource, { resourceType: T }>> {
    return (await this.#send('GET', `${type}/${id}`)) as Extract<FhirResource, { resourceType: T }>
  }

  /** HAPI on H2 answers a delete with 409 now and then, when it is still at work on the row: once more. */
  async delete(url: string): Promise<void> {
    await this.#send('DELETE', url).catch(() => this.#send('DELETE', url))
  }

  /** Everything a search matches, fresh. `no-store` knows no pages; what is more than one is read again with `no-cache`, which does. */
  async search<T extends FhirResource['resourceType']>(type: T, query: string): Promise<Extract<FhirResource, { resourceType: T }>[]> {
    const path = `${type}?${query}&_count=500`
    const page = (await this.#send('GET', path, undefined, { 'cache-control': 'no-store, max-results=1000' })) as Bundle
    const found = (page.entry?.length ?? 0) < 500 ? resourcesOf(page) : await this.#searchPages(path)
    return found.filter((resource): resource is Extract<FhirResource, { resourceType: T }> => resource.resourceType === type)
  }

  async #searchPages(path: string): Promise<FhirResource[]> {
    const found: FhirResource[] = []
    for (let next: string | undefined = path; next !== undefined;) {
      const page = (await this.#send('GET', next, undefined, { 'cache-control': 'no-cache' })) as Bundle
      found.push(...resourcesOf(page))
      const link = page.link?.find(({ relation }) => relation === 'next')
      next = link && new URL(link.url).search
    }
    return found
  }

  async #send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<unknown> {
    const answer = await this.#exchange(method, path, body, headers)
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  /** A read is made again where the server has just closed the connection that was kept, or was killed by the test itself. */
  async #exchange(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Response> {
    try {
      return await this.#fetch(method, path, body, headers)
    } catch (error) {
      if (method !== 'GET') throw error
      return this.#fetch(method, path, body, headers)
    }
  }

  #fetch(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Response> {
    return fetch(`${this.baseUrl}/${path}`, {
      method,
      headers: { 'content-type': 'application/fhir+json', prefer: 'return=representation', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  }
}

function resourcesOf(page: Bundle): FhirResource[] {
  return (page.entry ?? []).flatMap((entry) => (entry.resource ? [entry.resource as FhirResource] : []))
}
