import type { FhirResource } from 'fhir/r4.js'
import { Temporal } from 'temporal-polyfill'
import { z } from 'zod'
import { parseInstant } from '../../src/fhir/instant.ts'
import { parseReference } from '../../src/fhir/references.ts'
import { StackError } from '../stack/console.ts'
import { nameOf } from './load-order.ts'

const ALLOWED = ['Organization', 'Location', 'Practitioner', 'PractitionerRole', 'HealthcareService', 'Schedule', 'Slot'] as const
const SHOWN_PROBLEMS = 20

const id = z
  .string('must be there')
  .regex(/^[A-Za-z0-9\-.]{1,64}$/, 'must have 1 to 64 of the characters A-Z a-z 0-9 - .')
  .regex(/\D/, 'has only digits: HAPI keeps such ids for itself and refuses them. Put a letter before it, here and in the references to it')
const instant = z.string().refine(isInstant, 'must be an instant with seconds and offset, e.g. 2027-03-01T10:00:00-08:00')
const reference = z.looseObject({ reference: z.string().optional() })
const horizonEnd = z.string().refine(isDateTime, 'must be a date or an instant with offset').optional()
const concepts = z.array(z.looseObject({})).optional()

const scheduleSchema = z.looseObject({
  resourceType: z.literal('Schedule'),
  id,
  serviceType: concepts,
  specialty: concepts,
  actor: z.array(reference).min(1, 'must name at least one actor'),
  planningHorizon: z.looseObject({ start: horizonEnd, end: horizonEnd }).optional(),
})
const slotSchema = z
  .looseObject({
    resourceType: z.literal('Slot'),
    id,
    serviceType: concepts,
    specialty: concepts,
    schedule: z.looseObject({ reference: z.string() }),
    status: z.enum(['busy', 'free', 'busy-unavailable', 'busy-tentative', 'entered-in-error']),
    start: instant,
    end: instant,
  })
  .refine((slot) => (parseInstant(slot.end) ?? 0) > (parseInstant(slot.start) ?? 0), { path: ['end'], message: 'must be after start' })
const otherSchema = z.looseObject({ resourceType: z.enum(ALLOWED), id })

/**
 * Reads scheduling data, one R4 resource per line, and checks all of it.
 * @param file is only named in the error
 * @throws StackError naming each bad line and what is wrong there
 */
export function readNdjson(text: string, file: string): FhirResource[] {
  const problems: string[] = []
  const lines = new Map<FhirResource, number>()
  text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .forEach((line, index) => {
      if (line.trim() === '') return
      const read = readLine(line)
      if (Array.isArray(read)) problems.push(...read.map((problem) => `${file}:${index + 1}: ${problem}`))
      else lines.set(read, index + 1)
    })
  if (problems.length === 0) problems.push(...linkProblems(lines).map(([line, problem]) => `${file}:${line}: ${problem}`))
  if (problems.length === 0 && lines.size === 0) problems.push(`${file}: is empty`)
  if (problems.length > 0) throw new StackError(problemText(problems))
  return [...lines.keys()]
}

/** The resource, or what is wrong with the line. */
function readLine(line: string): FhirResource | string[] {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    return [`is not JSON (${error instanceof Error ? error.message : 'unreadable'})`]
  }
  const type = typeof value === 'object' && value !== null && 'resourceType' in value ? value.resourceType : undefined
  if (typeof type !== 'string') return ['is not a FHIR resource: "resourceType" is missing']
  if (!ALLOWED.some((allowed) => allowed === type)) return [`${type} is not scheduling data; allowed are ${ALLOWED.join(', ')}`]
  const result = schemaOf(type).safeParse(value)
  if (!result.success) return result.error.issues.map((issue) => `${type}.${issue.path.join('.')}: ${issue.message}`)
  // The parts that are used were just checked; the server checks the rest.
  return result.data as FhirResource
}

function schemaOf(type: string) {
  if (type === 'Slot') return slotSchema
  return type === 'Schedule' ? scheduleSchema : otherSchema
}

/** Ids that come twice, and references that lead out of the file: the server would refuse them half-way. */
function linkProblems(lines: ReadonlyMap<FhirResource, number>): [line: number, problem: string][] {
  const names = new Map<string, number>()
  const problems: [number, string][] = []
  for (const [resource, line] of lines) {
    const first = names.get(nameOf(resource))
    if (first === undefined) names.set(nameOf(resource), line)
    else problems.push([line, `${nameOf(resource)} is already on line ${first}`])
  }
  for (const [resource, line] of lines) {
    for (const target of referencesIn(resource)) {
      const parsed = parseReference(target)
      if (!parsed) problems.push([line, `${nameOf(resource)} refers to "${target}"; write references as "Type/id"`])
      else if (!names.has(`${parsed.type}/${parsed.id}`))
        problems.push([line, `${nameOf(resource)} refers to ${target}, which is not in the file`])
    }
  }
  return problems
}

/** The calendar is checked too: Date takes 30 February for 2 March. */
function isInstant(text: string): boolean {
  return parseInstant(text) !== undefined && isReadable(() => Temporal.Instant.from(text))
}

function isDateTime(text: string): boolean {
  return (
    /^\d{4}(-\d\d)?$/.test(text) || isInstant(text) || (/^\d{4}-\d\d-\d\d$/.test(text) && isReadable(() => Temporal.PlainDate.from(text)))
  )
}

function isReadable(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}

function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'reference' && typeof inner === 'string' ? (inner.startsWith('#') ? [] : [inner]) : referencesIn(inner),
  )
}

function problemText(problems: readonly string[]): string {
  const rest = problems.length - SHOWN_PROBLEMS
  return `Nothing was loaded:\n${problems
    .slice(0, SHOWN_PROBLEMS)
    .map((problem) => `  ${problem}`)
    .join('\n')}${rest > 0 ? `\n  … and ${rest} more` : ''}`
}
