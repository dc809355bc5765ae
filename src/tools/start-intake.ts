import { z } from 'zod'
import type { Gateway } from '../desk/gateway.ts'
import { intake } from '../desk/intake.ts'
import { intakeBodySchema } from '../desk/schemas.ts'
import { spokenOf } from './brief.ts'
import { defineTool, type Tool } from './tool.ts'

export function startIntake(gateway: Gateway): Tool {
  const { identity, visitTypes } = gateway.booking.mapping
  const sets = identity.sufficient.map((set) => set.join(' + ')).join(', or ')
  return defineTool({
    name: 'start_intake',
    title: 'Verify the patient',
    description:
      // What matters most comes first: some platforms cut a description at 300 characters.
      'Checks who the patient is, and whether this visit can be booked here. ' +
      'On outcome urgent read the message at once and stop booking. This is no triage. ' +
      `Enough to know the patient: ${sets}. Ask only for that, never guess, and send what the patient said. ` +
      'The answer holds the patient_token that other tools need; which detail did not fit is never told.',
    scope: 'intake:write',
    input: intakeBodySchema.extend({
      type: z
        .string()
        .min(1)
        .max(40)
        .describe(`Kind of visit, one of: ${visitTypes.map(({ code, title }) => `${code} (${title})`).join(', ')}.`),
    }),
    output: {
      patient_token: z.string(),
      expires_at: z.string(),
      call: z.array(z.string()).describe('Phone numbers in the message of an urgent outcome.'),
      language: z.string().describe('Language of the message of an urgent outcome.'),
      portal_url: z.string().describe('The visit is booked there: show it as a button.'),
      portal_label: z.string(),
      escalation_reason: z.string().describe('The reason for ask_for_staff, if the patient wants staff.'),
    },
    run: async (body, asking) => {
      const { message, next_actions, ...answer } = await intake(gateway, asking, body)
      return { ...answer, ...spokenOf({ message, next_actions }) }
    },
  })
}
