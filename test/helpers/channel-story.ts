import { expect } from 'vitest'
import type { PlatformBot, Reply } from './channels.ts'

/** Whom the story is about, and what for. */
export interface StoryPlan {
  readonly type: string
  readonly patient: Readonly<Record<string, string>>
  /** Of a provider that has at least two free times. */
  readonly search: Readonly<Record<string, unknown>>
}

/** What the story left behind. */
export interface Story {
  readonly holdId: string
  readonly firstStart: string
  readonly movedStart: string
}

interface Offer {
  readonly slot_id: string
  readonly local_start: string
  readonly start: string
}

/**
 * A visit on a platform from the intake to the move, each writing call sent twice as a platform does that got no answer.
 * Where the platform remembers, nothing is passed on by hand.
 */
export async function bookThrough(bot: PlatformBot, plan: StoryPlan): Promise<Story> {
  const what = bot.platform
  const pass = (args: Record<string, unknown>) => (bot.remembers ? {} : args)
  const known = await bot.intake(plan.type, plan.patient)
  expect(known, what).toMatchObject({ outcome: 'eligible', patient_token: expect.any(String) as string })

  const found = await bot.call('find_times', { ...pass({ type: plan.type }), ...plan.search })
  const [first, second] = offersOf(found)
  expect(found.outcome, what).toBe('ok')
  expect(offersOf(found).length, what).toBeGreaterThan(1)
  expect(bot.remembers ? found.said : first!.local_start, what).toContain(first!.local_start)

  const held = await twice(bot, () => bot.call('hold_time', bot.remembers ? { choice: 1 } : { slot_id: first!.slot_id }))
  expect(held, what).toMatchObject({ outcome: 'ok', hold_id: expect.any(String) as string })
  expect(held.said, what).toMatch(/shall I book it\?/)
  const holdId = held['hold_id'] as string

  const booked = await twice(bot, () => bot.call('confirm_booking', pass({ hold_id: holdId })))
  expect(booked, what).toMatchObject({ outcome: 'ok', appointment_id: holdId, confirmation_code: expect.any(String) as string })

  const mine = await bot.call('my_appointments')
  expect(mine, what).toMatchObject({ outcome: 'ok', appointments: [{ appointment_id: holdId, state: 'booked' }] })

  const again = await bot.call('find_times', { ...pass({ type: plan.type }), ...plan.search })
  const target = offersOf(again).findIndex(({ slot_id }) => slot_id === second!.slot_id)
  const choice = bot.remembers ? { choice: target + 1 } : { slot_id: second!.slot_id, appointment_id: holdId }
  const moved = await twice(bot, () => bot.call('reschedule', choice))
  expect(moved.outcome, what).toBe('ok')
  return { holdId, firstStart: first!.start, movedStart: second!.start }
}

/** Ends the visit of a story. */
export async function cancelThrough(bot: PlatformBot, { holdId }: Story): Promise<void> {
  const cancelled = await twice(bot, () => bot.call('cancel', bot.remembers ? {} : { appointment_id: holdId }))
  expect(cancelled.outcome, bot.platform).toBe('ok')
}

/** The same request twice has the same outcome. */
async function twice(bot: PlatformBot, ask: () => Promise<Reply>): Promise<Reply> {
  const first = await ask()
  const second = await bot.repeat()
  expect(second.outcome, `${bot.platform}, repeated`).toBe(first.outcome)
  expect(second.said, `${bot.platform}, repeated`).toBe(first.said)
  return first
}

function offersOf(reply: Reply): readonly Offer[] {
  return (reply['slots'] ?? reply['offers'] ?? []) as readonly Offer[]
}
