import { expect, test } from 'vitest'
import { appointmentQuery, search } from '../../src/booking/window-queries.ts'
import { APPOINTMENT_ID_SYSTEM } from '../../src/fhir/vocabulary.ts'
import { unique } from '../helpers/clinic.ts'
import type { OpenDesk } from './ehr-contract.ts'
import { call, visit } from './entries.ts'

/** Where an answer is cut off, and that one notices. */
export function pageFacts(open: OpenDesk): void {
  test('a search that matches less than was asked for is complete; one that fills the page counts as cut off', async () => {
    const desk = await open()
    const slots = search('Slot', ['schedule', [`Schedule/${desk.schedule}`]])
    const complete = async (most: number) => (await desk.ehr.batch({ slots }, call(), most)).isComplete('slots')
    expect([await complete(5), await complete(4), await complete(3)]).toEqual([true, false, false])
  })

  test('what is cut off is the end of the order that was asked for', async () => {
    const desk = await open()
    const found = await desk.find(search('Slot', ['schedule', [`Schedule/${desk.schedule}`]], ['_sort', 'start']), 2)
    expect(found.map((slot) => slot.id)).toEqual([desk.slots[0]!.id, desk.slots[1]!.id])
  })

  test('included resources count too: where they fill the page, it counts as cut off', async () => {
    const desk = await open()
    const id = unique('ap')
    const slot = desk.slots.slice(0, 3).map((each) => ({ reference: `Slot/${each.id!}` }))
    const made = visit(desk.actor, desk.start, { identifier: [{ system: APPOINTMENT_ID_SYSTEM, value: id }], slot })
    await desk.put({ ...made, id: unique('visit') })
    const read = async (most: number) => {
      const reading = await desk.ehr.batch({ visit: appointmentQuery(id, true) }, call(), most)
      return { types: reading.all('visit').map((resource) => resource.resourceType), complete: reading.isComplete('visit') }
    }
    expect(await read(5)).toEqual({ types: ['Appointment', 'Slot', 'Slot', 'Slot'], complete: true })
    expect(await read(4)).toMatchObject({ complete: false })
    const cut = await read(2)
    expect(cut.types[0]).toBe('Appointment')
    expect(cut.complete).toBe(false)
  })
}
