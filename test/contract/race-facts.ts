import { expect, test } from 'vitest'
import type { CommitOutcome } from '../../src/booking/ports.ts'
import { search } from '../../src/booking/window-queries.ts'
import type { OpenDesk } from './ehr-contract.ts'
import { asBusy, call, create, put, receipt, transaction, visit } from './entries.ts'

const RACERS = 12
const winners = (outcomes: readonly CommitOutcome[]) => outcomes.filter(({ kind }) => kind === 'committed').length
const racers = <T>(each: (index: number) => Promise<T>) => Promise.all(Array.from({ length: RACERS }, (_, index) => each(index)))

/** Of those who write at the same moment, one wins and the others are told. */
export function raceFacts(open: OpenDesk): void {
  test('of many who claim one Slot one wins, the others meet a conflict and leave nothing behind', async () => {
    const desk = await open()
    const slot = await desk.slot(0)
    const outcomes = await racers((index) =>
      desk.ehr.commit(
        transaction(
          put(receipt(`Slot/${slot.id!}`), '0'),
          create(visit(desk.actor, desk.start)),
          put(asBusy(slot, `racer ${index}`), '1'),
        ),
        call(),
      ),
    )
    expect(winners(outcomes)).toBe(1)
    expect(outcomes.filter(({ kind }) => kind === 'conflict')).toHaveLength(RACERS - 1)
    expect(await desk.find(search('Appointment', ['actor', desk.actor]))).toHaveLength(1)
    expect((await desk.slot(0)).comment).toBe(`racer ${outcomes.findIndex(({ kind }) => kind === 'committed')}`)
  })

  test('of many who write one create-only id with different Slots one wins, and only its Slot is taken', async () => {
    const desk = await open()
    const slots = await Promise.all(desk.slots.map((_, index) => desk.slot(index)))
    const event = receipt(`Schedule/${desk.schedule}`)
    const outcomes = await racers((index) =>
      desk.ehr.commit(transaction(put(event, '0'), put(asBusy(slots[index % slots.length]!, `racer ${index}`), '1')), call()),
    )
    expect(winners(outcomes)).toBe(1)
    expect(outcomes.filter(({ kind }) => kind === 'conflict')).toHaveLength(RACERS - 1)
    expect(await desk.find(search('Slot', ['schedule', [`Schedule/${desk.schedule}`]], ['status', 'busy']))).toHaveLength(1)
  })
}
