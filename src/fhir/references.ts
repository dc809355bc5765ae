import type { Reference } from 'fhir/r4.js'

const RELATIVE = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(\/_history\/[A-Za-z0-9\-.]{1,64})?$/

/** A literal relative reference in its two parts, e.g. `Slot/123`. */
export interface LiteralReference {
  readonly type: string
  readonly id: string
}

/** Parses `Type/id` (a version suffix is dropped). Anything else, absolute URLs too, gives `undefined`. */
export function parseReference(text: string | undefined): LiteralReference | undefined {
  const match = text === undefined ? null : RELATIVE.exec(text)
  return match?.[1] !== undefined && match[2] !== undefined ? { type: match[1], id: match[2] } : undefined
}

/** The `Type/id` text of a Reference without a version suffix, or `undefined` where it is no literal relative reference. */
export function referenceText(reference: Reference | undefined): string | undefined {
  const parsed = parseReference(reference?.reference)
  return parsed && `${parsed.type}/${parsed.id}`
}

/** The id of a Reference to the given resource type, or `undefined`. */
export function referencedId(reference: Reference | undefined, type: string): string | undefined {
  const parsed = parseReference(reference?.reference)
  return parsed?.type === type ? parsed.id : undefined
}
