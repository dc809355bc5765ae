import type { Mutant } from './mutant.ts'

const TRANSACTION = 'src/scheduling/write.ts'
const WRITE_LOOP = 'src/booking/perform-write.ts'

/** Defects in what is sent, and in what is made of the outcome. */
export const WRITE_MUTANTS: readonly Mutant[] = [
  {
    name: 'no If-Match on Slots',
    danger: 'The last writer wins: two patients get one time.',
    file: TRANSACTION,
    text: '...slots.map(update),',
    replacement: "...slots.map((slot) => ({ resource: slot, request: { method: 'PUT' as const, url: urlOf(slot) } })),",
  },
  {
    name: 'no If-Match on the Appointment',
    danger: 'What the clinic or another request has changed meanwhile is overwritten.',
    file: TRANSACTION,
    text: 'creation(write.appointment) : update(write.appointment)]',
    replacement:
      "creation(write.appointment) : { resource: write.appointment, request: { method: 'PUT' as const, url: urlOf(write.appointment) } }]",
  },
  {
    name: 'receipt not create-only',
    danger: 'A repeated request acts again: with other Slots it leaves a busy Slot without an Appointment.',
    file: TRANSACTION,
    text: `url: urlOf(resource), ifMatch: 'W/"0"' } }`,
    replacement: 'url: urlOf(resource) } }',
  },
  {
    name: 'blind retry under a new id',
    danger: 'A request whose answer was lost is sent again as another one, and acts twice.',
    file: 'src/booking/request-receipt.ts',
    text: 'const key = this.#generation === 0 ? this.#name',
    replacement: 'const key = this.#generation === 0 ? `${this.#name} ${Math.random()}`',
  },
  {
    name: 'no If-None-Exist on a new Appointment',
    danger: 'A second Appointment of the same id can come to be.',
    file: TRANSACTION,
    text: ", ifNoneExist: `identifier=${encodeURIComponent(token(APPOINTMENT_ID_SYSTEM, id))}` }",
    replacement: ' }',
  },
  {
    name: 'Slots not sorted',
    danger: 'Writers that lock rows in different order deadlock, for up to 90 s.',
    file: TRANSACTION,
    text: "const slots = [...write.slots].sort((a, b) => ((a.id ?? '') < (b.id ?? '') ? -1 : 1))",
    replacement: 'const slots = [...write.slots]',
  },
  {
    name: 'check then act',
    danger: 'After a conflict the decision is not made anew, but carried through: over whoever was faster.',
    file: WRITE_LOOP,
    text: 'const outcome = await this.#send(transactionOf({ ...plan, receipt }))',
    replacement: `const transaction = transactionOf({ ...plan, receipt })
    const first = await this.#send(transaction)
    const insisting = (transaction.entry ?? []).map(({ request, ...entry }) => ({
      ...entry,
      request: { ...request!, ifMatch: entry.resource?.resourceType === 'AuditEvent' ? request!.ifMatch! : undefined! },
    }))
    const outcome = first.kind === 'conflict' ? await this.#send({ ...transaction, entry: insisting }) : first`,
  },
  {
    name: 'patient guard left out',
    danger: 'Parallel requests for one patient do not meet: he gets two visits at one time.',
    file: 'src/booking/claim-plan.ts',
    text: 'ended: set.expired, ...(guard && { guard }) }',
    replacement: 'ended: set.expired }',
  },
  {
    name: 'patient guard left out of confirmations',
    danger: 'A hold that runs out while it is confirmed gives its patient two visits at one time.',
    file: 'src/booking/confirm-plan.ts',
    text: 'leaving: appointment, guarded },',
    replacement: 'leaving: appointment },',
  },
  {
    name: 'receipt digest not compared',
    danger: 'The same key with another request is answered with the outcome of the first: "booked", for a time nobody asked for.',
    file: WRITE_LOOP,
    text: 'receipt.requestDigest !== this.#request.requestDigest',
    replacement: "receipt.requestDigest === 'never'",
  },
  {
    name: 'unknown outcome answered as refused',
    danger: 'The caller is told "taken", and then the send arrives and books it.',
    file: WRITE_LOOP,
    text: 'if (this.#unsettled || this.#mayStillLand(error)) return',
    replacement: 'if (this.#mayStillLand(error)) return',
  },
  {
    name: 'unknown outcome answered as "nothing was written"',
    danger: 'The caller is told that nothing was written, and then it was.',
    file: WRITE_LOOP,
    text: "if (outcome.kind === 'unknown') this.#unsettled = true",
    replacement: "if (outcome.kind === 'unknown') this.#unsettled = false",
  },
  {
    name: 'refusal by the front desk not fenced',
    danger: 'A repeated request is told "taken", and then its first send, long on its way, books over the front desk.',
    file: WRITE_LOOP,
    text: 'return refusal.extras.mayStillLand === true &&',
    replacement: "return refusal.code === 'internal' &&",
  },
  {
    name: 'hold not ended when its confirmation is refused',
    danger: 'A repeated confirmation is told "expired", and then its first send books the time.',
    file: 'src/booking/confirm-hold.ts',
    text: "if (!(error instanceof BookingError) || error.code !== 'hold_expired') throw error",
    replacement: "if (!(error instanceof BookingError) || error.code !== 'internal') throw error",
  },
  {
    name: 'derived key of a confirmation without the patient',
    danger: 'Two patients who confirm one hold get one answer: one of them believes that he has a visit.',
    file: 'src/booking/confirm-plan.ts',
    text: '{ key: `${guarded.patient} ${appointmentId} ${version}`,',
    replacement: '{ key: `${appointmentId} ${version}`,',
  },
]
