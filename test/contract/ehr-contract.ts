import type { FhirResource, Slot } from 'fhir/r4.js'
import { beforeAll, describe } from 'vitest'
import type { DirectorySource, Ehr } from '../../src/booking/ports.ts'
import type { EhrQuery } from '../../src/fhir/query.ts'
import { clinicTime, patients, practitioner, schedule, slots } from '../helpers/clinic.ts'
import { directoryFacts } from './directory-facts.ts'
import { call } from './entries.ts'
import { pageFacts } from './page-facts.ts'
import { raceFacts } from './race-facts.ts'
import { searchFacts } from './search-facts.ts'
import { transactionFacts } from './transaction-facts.ts'

/** An EHR through the ports of the actions, and past them. */
export interface EhrUnderTest {
  readonly ehr: Ehr
  readonly directories: DirectorySource
  /** What the clinic's own software writes: without If-Match. */
  put(...resources: readonly FhirResource[]): Promise<void>
  delete(url: string): Promise<void>
}

/** A desk for one fact: a practitioner with a Schedule, free Slots of 15 minutes and two patients, met by no other test. */
export interface ContractDesk extends EhrUnderTest {
  readonly actor: string
  readonly schedule: string
  readonly start: number
  readonly slots: readonly Slot[]
  readonly patients: readonly [string, string]
  /** What one query finds. */
  find(query: EhrQuery, maxResults?: number): Promise<readonly FhirResource[]>
  /** A Slot as it stands. */
  slot(index: number): Promise<Slot>
}

/**
 * Every fact about an EHR on which the actions rely, as tests. They run on HAPI through the real adapter, and on the EHR in memory on
 * which the simulation runs: what the simulation proves, it proves of an EHR that behaves like HAPI.
 */
export function describeEhr(name: string, open: () => EhrUnderTest): void {
  describe(name, () => {
    let opened: EhrUnderTest
    beforeAll(() => {
      opened = open()
    })
    const desk = () => openContractDesk(opened)
    describe('reads and searches', () => {
      searchFacts(desk)
    })
    describe('pages', () => {
      pageFacts(desk)
    })
    describe('transactions', () => {
      transactionFacts(desk)
    })
    describe('races', () => {
      raceFacts(desk)
    })
    describe('the directory', () => {
      directoryFacts(desk)
    })
  })
}

/** Tests take the desk as they need it. */
export type OpenDesk = () => Promise<ContractDesk>

async function openContractDesk(under: EhrUnderTest): Promise<ContractDesk> {
  const doctor = practitioner()
  const actor = `Practitioner/${doctor.id ?? ''}`
  const plan = schedule([actor])
  const start = clinicTime('09:00')
  const list = slots(plan.id ?? '', start, 4)
  const people = patients(2)
  await under.put(doctor, plan, ...list, ...people)
  const find: ContractDesk['find'] = async (query, maxResults) => (await under.ehr.batch({ found: query }, call(), maxResults)).all('found')
  return {
    ehr: under.ehr,
    directories: under.directories,
    put: (...resources) => under.put(...resources),
    delete: (url) => under.delete(url),
    actor,
    schedule: plan.id ?? '',
    start,
    slots: list,
    patients: [`Patient/${people[0]?.id ?? ''}`, `Patient/${people[1]?.id ?? ''}`],
    find,
    slot: async (index) => {
      const [found] = await find({ kind: 'read', type: 'Slot', id: list[index]?.id ?? '' })
      if (found?.resourceType !== 'Slot') throw new Error('the Slot is gone')
      return found
    },
  }
}
