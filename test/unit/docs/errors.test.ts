import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { POLICY_DETAILS } from '../../../src/booking/claim-plan.ts'
import { BookingError, Deferred, OutcomeUnknown } from '../../../src/booking/errors.ts'
import { pendingOf } from '../../../src/desk/failure.ts'
import type { Gateway } from '../../../src/desk/gateway.ts'
import { CODES } from '../../../src/desk/problems.ts'
import { intakeSchema, operationSchema } from '../../../src/desk/schemas.ts'

const page = readFileSync('docs/errors.md', 'utf8')

/** The cells of the rows of each table under a heading, without the head of the table. */
function rowsUnder(heading: string): string[][][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`))
  if (section === undefined) throw new Error(`docs/errors.md has no section "${heading}"`)
  return section
    .split('\n\n')
    .filter((block) => block.startsWith('| '))
    .map((table) =>
      table
        .trim()
        .split('\n')
        .slice(2)
        .map((row) => row.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, ''))),
    )
}
const codeIn = (cell = '') => /^`([a-z_]+)`/.exec(cell)?.[1]

describe('docs/errors.md', () => {
  test('has every code with its status and what the bot says, and no other', () => {
    const [rows = []] = rowsUnder('Error codes')
    expect(rows.map(([code]) => codeIn(code)).sort()).toEqual(Object.keys(CODES).sort())
    for (const [code, status, meaning, next, says] of rows) {
      const known = CODES[codeIn(code) as keyof typeof CODES]
      expect([status, says]).toEqual([String(known.status), `"${known.message}"`])
      expect(
        [meaning, next].every((cell) => (cell ?? '').length > 5),
        code,
      ).toBe(true)
    }
  })

  test('has every rule of the clinic, and no other', () => {
    const [rows = []] = rowsUnder('Rules of the clinic')
    expect(rows.map(([policy]) => codeIn(policy)).sort()).toEqual(Object.keys(POLICY_DETAILS).sort())
  })

  test('has every outcome of an intake, and no other', () => {
    const [rows = []] = rowsUnder('Outcomes of an intake')
    expect(rows.map(([outcome]) => codeIn(outcome)).sort()).toEqual([...intakeSchema.shape.outcome.options].sort())
  })

  test('has both reasons of a 202 with what the bot says, and every state of an operation', () => {
    const [reasons = [], states = []] = rowsUnder('202: not known yet')
    const gateway = { operationIds: { make: () => 'operation' } } as unknown as Gateway
    const known = [new OutcomeUnknown('rcpt-1'), new Deferred('rcpt-1')].map((error) => pendingOf(error, gateway, 'client')!)
    expect(reasons.map(([reason, says]) => [codeIn(reason), says])).toEqual(known.map(({ code, body }) => [code, `"${body.message}"`]))
    expect(pendingOf(new BookingError('internal', ''), gateway, 'client')).toBeUndefined()
    expect(states.map(([state]) => codeIn(state)).sort()).toEqual([...operationSchema.shape.state.options].sort())
  })
})
