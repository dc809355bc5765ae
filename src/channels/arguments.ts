import { objectOf, type JsonObject } from './json.ts'

/** How platforms write a variable that has no value yet: `{{patient_token}}`. */
const UNFILLED = /^\{\{.*\}\}$/s

/**
 * Arguments without those that say nothing: null, empty texts, variables the platform had no value for, and objects of only such.
 * A model fills optional parameters with them; a strict schema would refuse the whole call. What is no object is passed on as it is.
 */
export function withoutBlanks(args: unknown): unknown {
  const object = objectOf(args)
  if (!object) return args
  const kept = Object.entries(object)
    .map(([name, value]) => [name, withoutBlanks(value)] as const)
    .filter(([name, value]) => name !== '__proto__' && !isBlank(value, object[name]))
  return Object.fromEntries(kept)
}

function isBlank(value: unknown, original: unknown): boolean {
  if (value === undefined || value === null) return true
  if (typeof value === 'string') return value.trim() === '' || UNFILLED.test(value.trim())
  const [object, before] = [objectOf(value), objectOf(original)]
  return object !== undefined && before !== undefined && Object.keys(object).length === 0 && Object.keys(before).length > 0
}

/** Arguments that may come as JSON in a text, as models write them. What is no JSON stays the text: the tool says what is wrong. */
export function parsedArguments(args: unknown): unknown {
  if (typeof args !== 'string') return args ?? {}
  if (args.trim() === '') return {}
  try {
    return JSON.parse(args) as unknown
  } catch {
    return args
  }
}

/** Some members of an object. */
export function pick(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(object, name)).map((name) => [name, object[name]]))
}
