import { expect, test } from 'vitest'
import { location, role } from '../unit/helpers/day.ts'
import { schedule, unique } from '../helpers/clinic.ts'
import type { OpenDesk } from './ehr-contract.ts'
import { call } from './entries.ts'

/** The Schedules and who stands behind them. */
export function directoryFacts(open: OpenDesk): void {
  test('it knows Schedules with their versions, and the practitioner behind a role as the same person', async () => {
    const desk = await open()
    const site = location(unique('site'), 'si')
    const work = role(unique('role'), desk.actor.slice('Practitioner/'.length), [`Location/${site.id!}`])
    const byRole = schedule([`PractitionerRole/${work.id!}`])
    await desk.put(site, work, byRole)
    const { directory } = await desk.directories.refresh(call())
    const plan = directory.schedules.get(desk.schedule)!
    expect(plan).toMatchObject({ version: '1', exclusiveActors: [desk.actor] })
    expect(directory.siblings(plan).map((sibling) => sibling.id)).toEqual(expect.arrayContaining([desk.schedule, byRole.id]))
    expect(directory.schedules.get(byRole.id!)).toMatchObject({ exclusiveActors: [desk.actor], location: { id: site.id } })
  })

  test('it is kept, and read anew when somebody asks for that', async () => {
    const desk = await open()
    await desk.directories.refresh(call())
    const late = schedule([desk.actor])
    await desk.put(late)
    expect((await desk.directories.current(call())).directory.schedules.has(late.id!)).toBe(false)
    const fresh = await desk.directories.refresh(call())
    expect(fresh.directory.schedules.has(late.id!)).toBe(true)
    expect((await desk.directories.current(call())).directory.schedules.has(late.id!)).toBe(true)
  })

  test('it says from which moment on changes may be missing in it', async () => {
    const desk = await open()
    const before = (await desk.ehr.batch({ slots: { kind: 'search', type: 'Slot', params: [['_id', desk.slots[0]!.id!]] } }, call())).now
    const { asOf } = await desk.directories.refresh(call())
    expect(asOf).toBeLessThanOrEqual(before)
    expect(asOf).toBeGreaterThan(before - 60_000)
  })
}
