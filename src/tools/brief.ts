import { z } from 'zod'
import type { Spoken } from '../booking/messages.ts'
import type { ShownAppointment, ShownOffer } from '../booking/shown.ts'
import { toolsFor } from './next-actions.ts'

/** The largest answer of a tool, in bytes of JSON: a language model reads every one of them again and again. */
export const MAX_ANSWER_BYTES = 2_048
/** Of these a list may take so many; the rest is for what stands around it. */
const LIST_BYTES = 1_500

const named = z.object({ id: z.string(), name: z.string() }).nullable()

/** An offer as a model needs it. */
export const briefOfferSchema = z.object({
  slot_id: z.string().describe('Copy it unchanged into hold_time or reschedule.'),
  local_start: z.string(),
  start: z.string(),
  end: z.string(),
  provider: named,
  location: named,
  modality: z.string(),
})

export function briefOffer({ slot_id, local_start, start, end, provider, location, modality }: ShownOffer): z.infer<typeof briefOfferSchema> {
  return { slot_id, local_start, start, end, provider, location, modality }
}

/** A visit as a model needs it. */
export const briefVisitSchema = z.object({
  appointment_id: z.string(),
  state: z.string(),
  type: z.string(),
  local_start: z.string(),
  start: z.string(),
  provider: z.string().nullable(),
  location: z.string().nullable(),
  modality: z.string(),
  confirmation_code: z.string().nullable(),
  version: z.string(),
})

export function briefVisit(shown: ShownAppointment): z.infer<typeof briefVisitSchema> {
  const { appointment_id, state, type, local_start, start, modality, confirmation_code, version } = shown
  const [provider, location] = [shown.provider?.name ?? null, shown.location?.name ?? null]
  return { appointment_id, state, type, local_start, start, provider, location, modality, confirmation_code, version }
}

/** As many of a list, from its beginning, as an answer has room for; at least one. */
export function fitting<T>(list: readonly T[]): T[] {
  let bytes = 0
  const cut = list.findIndex((item, index) => {
    bytes += Buffer.byteLength(JSON.stringify(item)) + 1
    return index > 0 && bytes > LIST_BYTES
  })
  return cut === -1 ? [...list] : list.slice(0, cut)
}

/** What is said of it, with tools as what follows. */
export function spokenOf({ message, next_actions }: Spoken): { message: string; next_actions: string[] } {
  return { message, next_actions: toolsFor(next_actions) }
}
