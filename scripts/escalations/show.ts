import { stripVTControlCharacters, styleText } from 'node:util'
import { localWords } from '../../src/calendar/words.ts'
import type { ClinicMapping } from '../../src/clinic/mapping.ts'
import type { WorkList } from '../../src/escalation/work-list.ts'
import { formatInstant, type EpochMs } from '../../src/fhir/instant.ts'
import type { ReadTask } from '../../src/fhir/task.ts'

const MINUTE = 60_000
const HEAD = ['', 'due', 'priority', 'status', 'reason', 'by', 'age', 'visit', 'id']

/** The list for people: overdue ones are marked, times are the clinic's. */
export function asTable({ tasks, now, complete }: WorkList, { clinic }: ClinicMapping): string {
  const count = tasks.length === 1 ? '1 open escalation' : `${tasks.length} open escalations`
  const head = `${count} at ${clinic.name}, ${tasks.filter((task) => isOverdue(task, now)).length} overdue`
  const rows = tasks.map((task) => rowOf(task, now, clinic.timeZone))
  const lines = tasks.length === 0 ? [] : ['', ...aligned([HEAD, ...rows])]
  const more = complete
    ? []
    : ['', 'There are more than can be read at once: resolve some, and list again. What is due first may be missing here.']
  return [head, ...lines, ...more].join('\n')
}

/** The list for programs: one JSON object. */
export function asJson({ tasks, now, complete }: WorkList, timeZone: string): string {
  const shown = tasks.map((task) => ({
    escalation_id: task.escalationId,
    status: task.status,
    reason: task.reason,
    priority: task.priority,
    channel: task.channel ?? null,
    due: task.due === undefined ? null : formatInstant(task.due, timeZone),
    overdue: isOverdue(task, now),
    appointment: task.appointment ?? null,
    age_minutes: ageMinutes(task, now) ?? null,
  }))
  return JSON.stringify({ escalations: shown, as_of: formatInstant(now, timeZone), complete }, null, 2)
}

function rowOf(task: ReadTask, now: EpochMs, timeZone: string): string[] {
  const age = ageMinutes(task, now)
  return [
    isOverdue(task, now) ? styleText('red', '!') : '',
    task.due === undefined ? '-' : localWords(task.due, timeZone),
    task.priority,
    task.status,
    task.reason,
    task.channel ?? '-',
    age === undefined ? '-' : words(age),
    task.appointment ?? '-',
    task.escalationId,
  ]
}

function isOverdue(task: ReadTask, now: EpochMs): boolean {
  return task.due !== undefined && task.due < now
}

function ageMinutes(task: ReadTask, now: EpochMs): number | undefined {
  return task.authored === undefined ? undefined : Math.max(0, Math.floor((now - task.authored) / MINUTE))
}

function words(minutes: number): string {
  if (minutes < 60) return `${minutes} min`
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60 / 24)} days`
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = HEAD.map((_, column) => Math.max(1, ...rows.map((row) => plain(row[column]).length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - plain(cell).length))
      .join('  ')
      .trimEnd(),
  )
}

/** Without the colour, which takes no room. */
function plain(cell: string | undefined): string {
  return stripVTControlCharacters(cell ?? '')
}
