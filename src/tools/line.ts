import type { ToolBody } from './tool.ts'

/** Ids that a next call needs; some hosts show the model nothing but the line. */
const IDS = ['patient_token', 'hold_id', 'appointment_id', 'confirmation_code', 'escalation_id', 'operation_id', 'path', 'portal_url'] as const

/** An answer in one line: what to say, the ids, what can follow. */
export function lineOf(body: ToolBody): string {
  const ids = IDS.flatMap((name) => (typeof body[name] === 'string' ? [`${name}=${body[name]}`] : []))
  const offers = [...offersIn(body['slots']), ...offersIn(body['alternatives'])]
  const visits = visitsIn(body['appointments'])
  const windows = [body['resolved'], ...rowsOf(body['candidates'])].flatMap(windowIn)
  const next = body.next_actions.length === 0 ? [] : [`next: ${body.next_actions.join(' or ')}`]
  const facts = [`outcome: ${body.outcome}`, ...ids, ...offers, ...visits, ...windows, ...next].join('; ')
  return `${body.message} [${facts}]`.replace(/[\r\n\u2028\u2029]+/g, ' ')
}

function offersIn(value: unknown): string[] {
  return rowsOf(value).map((row, index) => `${index + 1}. ${text(row['local_start'])} ${nameOf(row['provider'])} slot_id=${text(row['slot_id'])}`)
}

function visitsIn(value: unknown): string[] {
  return rowsOf(value).map((row) => `${text(row['local_start'])} ${text(row['state'])} appointment_id=${text(row['appointment_id'])}`)
}

function windowIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || !('start' in value && 'end' in value)) return []
  return [`start=${text(value.start)} end=${text(value.end)}`]
}

function rowsOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : []
}

function nameOf(value: unknown): string {
  return typeof value === 'object' && value !== null && 'name' in value ? text(value.name) : ''
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
