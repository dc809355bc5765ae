import { randomUUID } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PacedEhr } from '../../src/booking/paced-ehr.ts'
import { commitRepair, type RepairOutcome } from '../../src/booking/reconcile-repair.ts'
import { reconcile, type PassOptions, type ReconcileReport, type Repair } from '../../src/booking/reconcile.ts'
import { readConfig } from '../../src/config.ts'
import { assemble } from '../../src/deps.ts'
import { newCall } from '../../src/booking/call.ts'
import { MAPPING } from './clinic.ts'

/** Runs passes of reconciliation in this process, as a worker does. */
export interface Reconciler {
  /** One pass at full speed that takes up even what is written while it runs, unless the options say otherwise. */
  pass(since?: number, options?: PassOptions): Promise<ReconcileReport>
  /** One repair, committed as a pass does. */
  commit(repair: Repair): Promise<RepairOutcome>
  stop(): Promise<void>
}

/** A reconciler on a FHIR server, with the tests' clinic. */
export async function startReconciler(fhirBaseUrl: string): Promise<Reconciler> {
  const mappingFile = join(mkdtempSync(join(tmpdir(), 'fsg-test-')), 'mapping.json')
  writeFileSync(mappingFile, JSON.stringify(MAPPING))
  const assembly = assemble(
    readConfig({
      FHIR_BASE_URL: fhirBaseUrl,
      REDIS_URL: process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379',
      MAPPING_FILE: mappingFile,
      LOG_LEVEL: 'silent',
    }),
  )
  await assembly.start()
  const callFor = () => newCall(randomUUID(), 'gateway-worker')
  const atOnce = { settledAfterMs: -60_000, rest: 0 }
  return {
    pass: (since, options = {}) => reconcile(assembly.booking, since, callFor, { ...atOnce, ...options }),
    commit: (repair) => commitRepair(new PacedEhr(assembly.booking.ehr, callFor, 0), repair, Date.now()),
    stop: () => assembly.stop(),
  }
}
