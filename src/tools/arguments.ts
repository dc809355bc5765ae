import { z } from 'zod'

/** The patient of a call, as every tool takes him. */
export const patientArguments = {
  patient_token: z.string().min(1).max(2048).optional().describe('From start_intake. Copy it unchanged.'),
  patient: z
    .string()
    .regex(/^Patient\/[A-Za-z0-9\-.]{1,64}$/, 'write a patient as "Patient/<id>"')
    .optional()
    .describe('Only for clients that may act for any patient; never for a patient who says who he is.'),
}

export const slotIdArgument = z.string().min(1).max(128).describe('A slot_id from find_times or from alternatives, copied unchanged.')
export const appointmentIdArgument = z
  .string()
  .min(1)
  .max(128)
  .describe('From confirm_booking, hold_time or my_appointments, copied unchanged.')
export const versionArgument = z
  .string()
  .min(1)
  .max(64)
  .optional()
  .describe('The version the patient was told of; refused when the visit has changed since.')
