import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { clinicMappingSchema, type ClinicMapping } from './mapping.ts'

/** A mapping file that cannot be used. The message names the file, the path of what is wrong, and how to mend it. */
export class MappingError extends Error {
  override readonly name = 'MappingError'
}

/**
 * Reads and checks a clinic's mapping file.
 * @throws MappingError when the file is missing, not JSON, or breaks the schema
 */
export function loadMapping(file: string): ClinicMapping {
  return parseMapping(readJson(file), file)
}

/** Checks a mapping that is already parsed; `file` is only named in the error. */
export function parseMapping(value: unknown, file: string): ClinicMapping {
  return checked(clinicMappingSchema, value, file, 'clinic mapping')
}

/**
 * What a schema makes of the value.
 * @param what what the file should have been, for the error
 * @throws MappingError with the path of everything that is wrong, and how to mend it
 */
export function checked<T>(schema: z.ZodType<T>, value: unknown, file: string, what: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const lines = result.error.issues.map((issue) => `  ${pathOf(issue)}: ${issue.message}`)
  throw new MappingError(`${file} is not a valid ${what}:\n${lines.join('\n')}\nMend these places; mappings/README.md explains each field.`)
}

/** Reads a file of JSON. @throws MappingError */
export function readJson(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new MappingError(
      `${file} cannot be read (${codeOf(error)}). MAPPING_FILE names a clinic's file, e.g. mappings/demo-clinic.json, and that file its lists.`,
    )
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new MappingError(
      `${file} is not JSON: ${error instanceof Error ? error.message : 'unreadable'}. Check for a missing comma or quote there.`,
    )
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
}

function pathOf(issue: z.core.$ZodIssue): string {
  if (issue.path.length === 0) return '(whole file)'
  return issue.path.reduce<string>(
    (path, part) => (typeof part === 'number' ? `${path}[${part}]` : `${path}${path && '.'}${String(part)}`),
    '',
  )
}
