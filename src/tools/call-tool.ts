import type { z } from 'zod'
import { newCall } from '../booking/call.ts'
import { BookingError } from '../booking/errors.ts'
import type { Call } from '../booking/ports.ts'
import type { ShownOffer } from '../booking/shown.ts'
import type { Client } from '../config.ts'
import { pendingOf, recordDenial } from '../desk/failure.ts'
import type { Gateway } from '../desk/gateway.ts'
import { describeIssues } from '../desk/invalid.ts'
import { problem } from '../desk/problems.ts'
import { briefOffer, fitting } from './brief.ts'
import { lineOf } from './line.ts'
import { toolsFor } from './next-actions.ts'
import type { Tool, ToolBody } from './tool.ts'

/** Who calls a tool. */
export interface ToolCaller {
  readonly client: Client
  readonly requestId: string
  /** Names this call, where the door knows what a repetition of it is; otherwise the key is derived from what is asked for. */
  readonly idempotencyKey?: string | undefined
  /** Names the conversation, where the door knows it: attempts to be known are counted within it. */
  readonly conversation?: string | undefined
}

/** What came out. */
export interface ToolResult {
  readonly structured: ToolBody
  /** One line: what to say, the ids that the next call needs, and what can follow. */
  readonly text: string
  /** A code of the contract's table of errors came out; also for refusals of everyday business, e.g. `slot_taken`. */
  readonly failed: boolean
  /** The call as it was made, for the record of the door. */
  readonly call: Call
  /** A fault of the gateway, for its log. */
  readonly fault?: unknown
}

/** Calls a tool. Never throws: arguments that do not fit, refusals and faults are results that say what to do next. */
export async function callTool(gateway: Gateway, tool: Tool, args: unknown, caller: ToolCaller): Promise<ToolResult> {
  const { client, requestId, idempotencyKey, conversation } = caller
  const call = newCall(requestId, client.id)
  try {
    if (!client.scopes.includes(tool.scope))
      throw new BookingError('forbidden', `The client key needs scope ${tool.scope}.`, { denied: true })
    const input = accept(tool, args)
    const { patient_token, patient, expected_version } = input
    const structured = await tool.run(input, {
      client,
      call,
      key: idempotencyKey,
      conversation,
      patientToken: textOf(patient_token),
      patient: textOf(patient),
      expectedVersion: textOf(expected_version),
    })
    return { structured, text: lineOf(structured), failed: false, call }
  } catch (error) {
    recordDenial(error, gateway, call)
    const structured = pendingBody(error, gateway, client.id) ?? refusalBody(error)
    const failed = structured.outcome !== 'pending'
    return { structured, text: lineOf(structured), failed, call, ...(structured.outcome === 'internal' && { fault: error }) }
  }
}

/** @throws BookingError `invalid_request` that names the argument, never its value */
function accept(tool: Tool, args: unknown): Readonly<Record<string, unknown>> {
  const parsed = tool.input.safeParse(args ?? {})
  if (parsed.success) return parsed.data
  const { detail, path } = describeIssues(parsed.error.issues.map(issueOf))
  throw new BookingError('invalid_request', detail, path === undefined ? {} : { path })
}

function issueOf(issue: z.core.$ZodIssue) {
  return {
    place: issue.path.map(String),
    reason: issue.message,
    unknown: issue.code === 'unrecognized_keys' ? issue.keys : undefined,
  }
}

function pendingBody(error: unknown, gateway: Gateway, clientId: string): ToolBody | undefined {
  const pending = pendingOf(error, gateway, clientId)
  if (!pending) return undefined
  const { operation_id, message, next_actions } = pending.body
  return { outcome: 'pending', message, next_actions: toolsFor(next_actions), operation_id, retry_after_seconds: pending.retryAfterSeconds }
}

function refusalBody(error: unknown): ToolBody {
  const known = error instanceof BookingError ? error : new BookingError('internal', 'A fault in the gateway; its log has the request id.')
  const { code, message: detail, extras } = known
  const { message, retryable, next_actions, policy, path, escalation_id } = problem(code, detail, extras)
  return {
    outcome: code,
    message,
    next_actions: toolsFor(next_actions),
    detail,
    retryable,
    ...(extras.retryAfterSeconds !== undefined && { retry_after_seconds: extras.retryAfterSeconds }),
    ...definedOf({ policy, path, escalation_id }),
    ...(code === 'slot_taken' && { alternatives: alternativesOf(extras.alternatives ?? []) }),
  }
}

function alternativesOf(offers: readonly ShownOffer[]) {
  return fitting(offers.map(briefOffer))
}

function definedOf(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
