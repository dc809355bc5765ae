import { z } from 'zod'

const patientHeaders = {
  'x-patient-token': z.string().optional().describe('patient_token from POST /intake.'),
  'x-patient': z.string().optional().meta({
    pattern: '^Patient/[A-Za-z0-9\\-.]{1,64}$',
    description: 'Instead of a token, for clients with scope patients:any: `Patient/<id>`.',
  }),
}
const keyHeader = {
  'idempotency-key': z
    .string()
    .optional()
    .describe('Names the request: a repetition with the same key has no second effect. RFC 8941 string or bare.'),
}
const ifMatchHeader = { 'if-match': z.string().optional().describe('The `version` you have seen, as expected_version.') }
/** Headers are checked where they are used; here they are described. Others pass. */
export const readHeadersSchema = z.looseObject(patientHeaders)
export const deleteHeadersSchema = z.looseObject({ ...patientHeaders, ...keyHeader })
export const createHeadersSchema = z.looseObject(keyHeader)
export const changeHeadersSchema = z.looseObject({ ...keyHeader, ...ifMatchHeader })
