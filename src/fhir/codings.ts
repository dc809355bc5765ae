import type { CodeableConcept, Coding } from 'fhir/r4.js'

/** A coding as `system|code`, the token form of FHIR search. */
export type CodingToken = string

/** Writes a Coding as `system|code`. */
export function codingToken(coding: Coding): CodingToken {
  return `${coding.system ?? ''}|${coding.code ?? ''}`
}

/** Reads `system|code` back into a Coding. */
export function parseCodingToken(token: CodingToken): Coding {
  const bar = token.lastIndexOf('|')
  const system = token.slice(0, bar)
  return { ...(system !== '' && { system }), code: token.slice(bar + 1) }
}

/** Whether any of the concepts carries one of the codings. Display texts never count. */
export function hasCoding(concepts: readonly CodeableConcept[], tokens: readonly CodingToken[]): boolean {
  return concepts.some((concept) => concept.coding?.some((coding) => tokens.includes(codingToken(coding))) ?? false)
}
