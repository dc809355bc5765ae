import { describe, expect, test } from 'vitest'
import { Bulkhead } from '../../../src/ehr/bulkhead.ts'

const soon = (milliseconds = 5_000) => performance.now() + milliseconds
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('a bulkhead of two places', () => {
  test('lets two in at once; the third waits until one leaves', async () => {
    const bulkhead = new Bulkhead(2, 10)
    const [first] = [await bulkhead.enter(soon()), await bulkhead.enter(soon())]
    let isIn = false
    const third = bulkhead.enter(soon()).then((leave) => ((isIn = true), leave))
    await turn()
    expect(isIn).toBe(false)
    first!()
    expect(await third).toBeTypeOf('function')
  })

  test('serves the line in the order of its deadlines, and who comes later does not get ahead of it', async () => {
    const bulkhead = new Bulkhead(1, 10)
    const order: string[] = []
    const come = async (name: string, until: number) => {
      const leaveAgain = await bulkhead.enter(until)
      order.push(name)
      leaveAgain!()
    }
    const leave = await bulkhead.enter(soon())
    const visits = [come('b', soon(4_000)), come('c', soon(4_100)), come('half done', soon(2_000)), come('a', soon(3_900))]
    leave!()
    await Promise.all([...visits, come('late', soon(4_200))])
    expect(order).toEqual(['half done', 'a', 'b', 'c', 'late'])
  })

  test('refuses at once when the line is full', async () => {
    const bulkhead = new Bulkhead(1, 2)
    const leave = await bulkhead.enter(soon())
    const waiting = [bulkhead.enter(soon()), bulkhead.enter(soon())]
    const began = performance.now()
    expect(await bulkhead.enter(soon())).toBeUndefined()
    expect(performance.now() - began).toBeLessThan(50)
    leave!()
    for (const one of waiting) (await one)!()
  })

  test('waits no longer than makes sense, and then the place in the line is free again', async () => {
    const bulkhead = new Bulkhead(1, 1)
    const leave = await bulkhead.enter(soon())
    expect(await bulkhead.enter(soon(30))).toBeUndefined()
    expect(await bulkhead.enter(soon(-1))).toBeUndefined()
    const next = bulkhead.enter(soon())
    leave!()
    expect(await next).toBeTypeOf('function')
  })

  test('lets in without a wait where there is room, however late it is', async () => {
    expect(await new Bulkhead(1, 0).enter(soon(-1_000))).toBeTypeOf('function')
  })

  test('a place given back twice is one place', async () => {
    const bulkhead = new Bulkhead(1, 0)
    const leave = await bulkhead.enter(soon())
    leave!()
    leave!()
    expect(await bulkhead.enter(soon())).toBeTypeOf('function')
    expect(await bulkhead.enter(soon())).toBeUndefined()
  })

  test('never lets more in than it has places, whoever comes and goes', async () => {
    const bulkhead = new Bulkhead(3, 1_000)
    let inside = 0
    let most = 0
    const visit = async (): Promise<boolean> => {
      const leave = await bulkhead.enter(soon(Math.random() * 60))
      if (!leave) return false
      most = Math.max(most, ++inside)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 4))
      inside--
      leave()
      return true
    }
    const visits = await Promise.all(Array.from({ length: 300 }, visit))
    expect(most).toBe(3)
    expect(visits).toContain(true)
    expect(await Promise.all([1, 2, 3].map(() => bulkhead.enter(soon(0))))).not.toContain(undefined)
  })
})
