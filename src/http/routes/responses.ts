import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { problemSchema } from '../../desk/schemas.ts'

const problemContent = { content: { 'application/problem+json': { schema: problemSchema } } }

/** What every route with a body can answer besides. */
export const OF_BODIES = [413, 415] as const

/** The error answers a route can give, for its OpenAPI description. 401, 403, 429 and 5xx are common to all. */
export function problems(...statuses: readonly number[]): Record<number, typeof problemContent & { description: string }> {
  const all = [...statuses, 400, 401, 403, 429, 500, 503]
  return Object.fromEntries(all.map((status) => [status, { description: DESCRIPTIONS[status] ?? 'Refused', ...problemContent }]))
}

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: '`invalid_request` (with `path`) or `invalid_slot_id`',
  401: '`unauthenticated`',
  403: '`forbidden` (scope) or `patient_required`',
  404: '`not_found`: unknown, or not yours',
  409: '`slot_taken` (with `alternatives`) or `invalid_transition`',
  410: '`hold_expired`',
  412: '`version_mismatch`',
  413: '`invalid_request`: the body is larger than 64 KiB',
  415: '`invalid_request`: the body is not JSON',
  422: '`idempotency_key_reused` or `policy_refused` (with `policy`)',
  429: '`rate_limited`, see Retry-After',
  500: '`internal`',
  502: '`ehr_rejected`',
  503: '`ehr_unavailable` or `contention`: nothing was written, see Retry-After',
}

/** 202 of every write: the outcome is not known yet. */
export const pendingSchema = z
  .object({
    operation_id: z.string(),
    state: z.literal('pending'),
    message: z.string(),
    next_actions: z.array(z.string()),
  })
  .describe('The outcome is not known yet: ask GET /operations/{id}, or repeat the same request.')

/** Sends an Appointment, with its version as ETag. */
export function sendShown<T extends { readonly version: string }>(reply: FastifyReply, shown: T): T {
  void reply.header('etag', `W/"${shown.version}"`)
  return shown
}
