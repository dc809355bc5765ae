/**
 * npm run reconcile                compares visits, claims and Slots in the EHR at FHIR_BASE_URL, repairs what is certain, lists what is not
 * npm run reconcile -- --dry-run   says what it would do and changes nothing
 *
 * Takes the gateway's environment. Safe beside running gateways and workers. Exit code 1 when something is left for a person.
 */
import { randomUUID } from 'node:crypto'
import { BookingError } from '../src/booking/errors.ts'
import { reconcile, type Doubt, type Repair } from '../src/booking/reconcile.ts'
import { readConfig } from '../src/config.ts'
import { assemble } from '../src/deps.ts'
import { newCall } from '../src/booking/call.ts'
import { readArguments } from './stack/arguments.ts'
import { runScript, say, StackError } from './stack/console.ts'

await runScript(async () => {
  const dryRun = readArguments(['dry-run'], 'npm run reconcile -- [--dry-run]').flags['dry-run']
  const config = readConfig({ LOG_LEVEL: 'warn', ...process.env })
  const assembly = assemble(config)
  try {
    say(`Looking at everything of today and later on ${config.fhirBaseUrl}${dryRun ? ', changing nothing' : ''}`)
    if (!dryRun) await assembly.start()
    const onRepair = (repair: Repair): void => {
      say(`${dryRun ? 'would be ' : ''}${repair.kind}: ${repair.appointmentId}, ${slotList(repair.slots.map((slot) => slot.id ?? ''))}`)
    }
    const report = await reconcile(assembly.booking, undefined, () => newCall(randomUUID(), 'reconcile-script'), {
      dryRun,
      onRepair,
    }).catch(explain)
    for (const doubt of report.doubts) say(`for staff: ${describe(doubt)}`)
    const repairs = Object.values(report.repaired).reduce((sum, count) => sum + count, 0)
    say(`\n${report.examined} resources looked at, ${repairs} ${dryRun ? 'to repair' : 'repaired'}, ${report.doubts.length} for staff`)
    return report.doubts.length > 0 ? 1 : 0
  } finally {
    await assembly.stop()
  }
})

function explain(error: unknown): never {
  throw error instanceof BookingError ? new StackError(error.message) : error
}

function describe({ kind, appointmentIds, slotIds }: Doubt): string {
  return [kind, ...appointmentIds.map((id) => `Appointment/${id}`), ...slotIds.map((id) => `Slot/${id}`)].join(' ')
}

function slotList(ids: readonly string[]): string {
  return ids.length === 0 ? 'no Slot' : ids.map((id) => `Slot/${id}`).join(', ')
}
