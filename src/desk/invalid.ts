/** One thing that is wrong with a request: where, why, and which names are unknown there. */
export interface Issue {
  readonly place: readonly string[]
  readonly reason: string | undefined
  readonly unknown?: readonly unknown[] | undefined
}

/** Names where a request is wrong, and why; never the values that were sent. */
export function describeIssues(issues: readonly Issue[]): { detail: string; path: string | undefined } {
  const found = issues.map(({ place, reason, unknown }) => ({
    path: unknown ? unknown.map((name) => [...place, harmless(name)].join('.')).join(', ') : place.join('.'),
    reason: reason?.startsWith(ZODS_OWN) === true ? 'this request has no such field' : (reason ?? 'is not valid'),
  }))
  return { detail: found.map(({ path, reason }) => `${path || 'body'}: ${reason}`).join('; '), path: found[0]?.path }
}

/** How zod's own words about unknown fields begin; they quote the names. A schema may have others. */
const ZODS_OWN = 'Unrecognized key'

/** A name that a developer may have got wrong. Anything else could be a patient's own words that a chatbot put there: not repeated. */
const FIELD_NAME = /^[a-z][A-Za-z_]{0,40}$/

function harmless(name: unknown): string {
  return typeof name === 'string' && FIELD_NAME.test(name) ? name : '(a name)'
}
