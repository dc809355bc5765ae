/** JSON objects as platforms send them: nothing in them is known before it was looked at. */
export type JsonObject = Readonly<Record<string, unknown>>

/** The value when it is a JSON object, otherwise `undefined`. */
export function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
}

/** The value when it is a text with something in it, otherwise `undefined`. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The objects of a list; what is no list has none. */
export function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.map(objectOf).filter((one) => one !== undefined) : []
}

/** On one line: voice platforms take a line break in a result for its end. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/** JSON on one line, also where a text in it has line breaks. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'string' ? oneLine(part) : part))
}
