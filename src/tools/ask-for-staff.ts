import { z } from 'zod'
import { BookingError } from '../booking/errors.ts'
import { escalateWish } from '../desk/escalations.ts'
import type { Gateway } from '../desk/gateway.ts'
import { appointmentIdArgument, patientArguments } from './arguments.ts'
import { spokenOf } from './brief.ts'
import { defineTool, type Tool } from './tool.ts'

export function askForStaff(gateway: Gateway): Tool {
  const { reasons } = gateway.escalation.mapping.escalation
  const { phone } = gateway.booking.mapping.clinic
  return defineTool({
    name: 'ask_for_staff',
    title: 'Hand over to staff',
    description:
      'Puts it in front of a person at the clinic, and says when to expect an answer. Call it when the patient asks for a person, when a rule ' +
      'forbids what the patient needs, or when you are not sure. It takes no free text: staff ask the patient themselves. Not for emergencies.',
    scope: 'escalations:write',
    input: z.strictObject({
      reason: z.enum(reasons.map(({ code }) => code)).describe(reasons.map(({ code, title }) => `${code}: ${title}`).join('; ')),
      appointment_id: appointmentIdArgument.optional(),
      ...patientArguments,
    }),
    output: {
      reason: z.string(),
      state: z.string(),
      priority: z.string(),
      channel: z.string(),
      due: z.string(),
      local_due: z.string(),
      replayed: z.boolean(),
    },
    run: async ({ reason, appointment_id }, asking) => {
      const { patientToken, patient, key } = asking
      if (patientToken === undefined && patient === undefined && key === undefined) {
        throw new BookingError('patient_required', 'Staff can call back only a patient they know: send the patient_token from start_intake.', {
          path: 'patient_token',
          spoken: `The staff can help you: please call them at ${phone}.`,
        })
      }
      const { message, next_actions, ...placed } = await escalateWish(gateway, asking, { reason, appointmentId: appointment_id })
      return { outcome: placed.state === 'pending' ? 'pending' : 'ok', ...spokenOf({ message, next_actions }), ...placed }
    },
  })
}
