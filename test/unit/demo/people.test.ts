import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { DEMO_MRN_SYSTEM } from '../../../scripts/seed/demo-clinic.ts'
import { demoPatients } from '../../../scripts/seed/demo-patients.ts'
import { repoRoot } from '../../../scripts/stack/paths.ts'

interface Person {
  readonly name: string
  readonly mrn: string
  readonly birth_date: string
}

test('the patients whom the demo page offers are those that npm run seed makes', async () => {
  // A page module, read as the browser reads it; TypeScript does not know it.
  const { PEOPLE } = (await import(pathToFileURL(join(repoRoot, 'src/demo/page/people.js')).href)) as { PEOPLE: readonly Person[] }
  const seeded = demoPatients(DEMO_MRN_SYSTEM).map(({ name, identifier, birthDate }) => ({
    name: `${name?.[0]?.given?.[0] ?? ''} ${name?.[0]?.family ?? ''}`,
    mrn: identifier?.[0]?.value,
    birth_date: birthDate,
  }))
  expect(PEOPLE.length).toBeGreaterThanOrEqual(2)
  for (const person of PEOPLE) expect(seeded).toContainEqual(person)
})
