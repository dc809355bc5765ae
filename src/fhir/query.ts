/** One GET of a batch: a read by id, the last versions of one resource, or a search. Built from typed pieces only, because HAPI ignores what it does not understand. */
export type EhrQuery =
  | { readonly kind: 'read' | 'history'; readonly type: string; readonly id: string }
  | { readonly kind: 'search'; readonly type: string; readonly params: readonly SearchParam[] }

/** Name and value of one search parameter; a list of values means any of them. */
export type SearchParam = readonly [name: string, value: string | readonly string[]]

const ID = /^[A-Za-z0-9\-.]{1,64}$/

/** Whether the text may be a FHIR resource id. */
export function isResourceId(text: string): boolean {
  return ID.test(text)
}

/**
 * The last 20 versions, newest first. `_since` keeps nothing out: without it HAPI remembers for a minute how many versions there were,
 * and cuts the page to that number, so that a version made since pushes an older one out.
 */
const LAST_VERSIONS = '_history?_count=20&_since=1970-01-01T00:00:00Z'

/** Writes the query as the relative URL of a batch entry, every value escaped for FHIR search and for the URL. */
export function queryUrl(query: EhrQuery): string {
  if (query.kind !== 'search') {
    if (!isResourceId(query.id)) throw new Error(`not a FHIR id for ${query.type}`)
    return `${query.type}/${query.id}${query.kind === 'history' ? `/${LAST_VERSIONS}` : ''}`
  }
  const params = query.params.map(([name, value]) => `${name}=${encodeURIComponent(searchValue(value))}`)
  return `${query.type}?${params.join('&')}`
}

/** HAPI ignores a parameter without a value, and then everything matches: such a search is never sent. */
function searchValue(value: string | readonly string[]): string {
  const text = typeof value === 'string' ? value : value.join(',')
  if (text === '') throw new Error('a FHIR search parameter has no value')
  return text
}

/** Escapes what has a meaning inside a FHIR search value (`\ | , $`), for text that comes from outside. */
export function escapeSearchText(text: string): string {
  return text.replace(/[\\|,$]/g, (char) => `\\${char}`)
}

/** A token search value `system|code`, both parts escaped. */
export function token(system: string, code: string): string {
  return `${escapeSearchText(system)}|${escapeSearchText(code)}`
}
