import { z } from 'zod'
import { BookingError } from '../booking/errors.ts'
import { localTime } from '../calendar/words.ts'
import { book } from '../desk/appointments.ts'
import type { Asking } from '../desk/asking.ts'
import type { Gateway } from '../desk/gateway.ts'
import { hold } from '../desk/holds.ts'
import { patientArguments, slotIdArgument } from './arguments.ts'
import { briefVisit, briefVisitSchema, spokenOf } from './brief.ts'
import { defineTool, type Tool } from './tool.ts'

export function holdTime(gateway: Gateway): Tool {
  return defineTool({
    name: 'hold_time',
    title: 'Hold a time',
    description:
      'Checks that an offered time is still free and keeps it for the patient for a few minutes; it is not booked yet. Read read_back to the ' +
      'patient word for word, and call confirm_booking only after a clear yes. After a no, or another wish: cancel it, then find_times.',
    scope: 'holds:write',
    input: z.strictObject({ slot_id: slotIdArgument, ...patientArguments }),
    output: {
      hold_id: z.string(),
      expires_at: z.string().nullable(),
      read_back: z.string().describe('Read this to the patient, and wait for a yes.'),
      replayed: z.boolean(),
      ...briefVisitSchema.shape,
    },
    run: async ({ slot_id }, asking) => {
      requireName(asking)
      const held = await hold(gateway, asking, slot_id)
      const readBack = readBackOf(held, gateway)
      const { message, next_actions } = spokenOf(held)
      const { appointment_id, ...visit } = briefVisit(held)
      // A repetition may find the hold confirmed, or over: then its state is what there is to say.
      const isHeld = held.state === 'held'
      return {
        outcome: 'ok',
        message: isHeld ? readBack : message,
        next_actions,
        hold_id: appointment_id,
        expires_at: held.expires_at,
        ...(isHeld && { read_back: readBack }),
        replayed: held.replayed,
        ...visit,
      }
    },
  })
}

export function confirmBooking(gateway: Gateway): Tool {
  return defineTool({
    name: 'confirm_booking',
    title: 'Book the held time',
    description:
      'Books the time that hold_time keeps, after the patient has heard read_back and said yes. Tell the patient the confirmation code. ' +
      'Repeating the call is safe and answers the same.',
    scope: 'appointments:write',
    input: z.strictObject({ hold_id: z.string().min(1).max(128).describe('From hold_time, copied unchanged.'), ...patientArguments }),
    output: { replayed: z.boolean(), ...briefVisitSchema.shape },
    run: async ({ hold_id }, asking) => {
      requireName(asking)
      const booked = await book(gateway, asking, { holdId: hold_id })
      return { outcome: 'ok', ...spokenOf(booked), ...briefVisit(booked), replayed: booked.replayed }
    },
  })
}

/** A tool never holds or books for nobody: whose time it is would rest on the model's memory alone. */
function requireName({ patientToken, patient }: Asking): void {
  if (patientToken === undefined && patient === undefined)
    throw new BookingError('patient_required', 'Send the patient_token from start_intake.', { path: 'patient_token' })
}

const MODALITY_WORDS: Readonly<Record<string, string>> = { 'in-person': 'in person', telehealth: 'by video', phone: 'by phone' }

function readBackOf(held: Awaited<ReturnType<typeof hold>>, { booking }: Gateway): string {
  const whom = held.provider === null ? '' : ` with ${held.provider.name}`
  const where = held.location === null || held.modality !== 'in-person' ? '' : ` at ${held.location.name}`
  const how = MODALITY_WORDS[held.modality] ?? held.modality
  const until = held.expires_at === null ? '' : ` I keep it until ${localTime(Date.parse(held.expires_at), booking.mapping.clinic.timeZone)}.`
  return `${held.local_start}${whom}${where}, ${how}: is that right, and shall I book it?${until}`
}
