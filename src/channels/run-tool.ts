import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { ChannelName } from '../channel-settings.ts'
import type { Gateway } from '../desk/gateway.ts'
import { problem } from '../desk/problems.ts'
import { callTool, type ToolResult } from '../tools/call-tool.ts'
import { buildTools } from '../tools/catalog.ts'
import { REPEAT } from '../tools/next-actions.ts'
import type { Tool, ToolBody } from '../tools/tool.ts'
import { withoutBlanks } from './arguments.ts'
import { objectOf } from './json.ts'

const MINUTE_MS = 60_000

/** One call of a tool, as a platform asks for it. */
export interface PlatformCall {
  /** The name the platform gives; a model may invent one. */
  readonly tool: string
  readonly args: unknown
  /** What the platform calls the conversation. */
  readonly conversation?: string | undefined
  /**
   * What the platform calls this call within the conversation: the same again when it repeats it. Without it the actions recognize
   * a repetition by patient and target, as everywhere.
   */
  readonly callId?: string | undefined
}

/** What came out: for programs, and in one line for a model. */
export interface PlatformAnswer {
  readonly structured: ToolBody
  readonly text: string
}

/** Runs tools for one platform. Never throws; what goes wrong is a result. */
export class PlatformTools {
  readonly all: readonly Tool[]
  readonly #gateway: Gateway
  readonly #channel: ChannelName

  constructor(gateway: Gateway, channel: ChannelName) {
    this.all = buildTools(gateway)
    this.#gateway = gateway
    this.#channel = channel
  }

  find(name: string): Tool | undefined {
    return this.all.find((tool) => tool.name === name)
  }

  async run(request: FastifyRequest, call: PlatformCall): Promise<PlatformAnswer> {
    const tool = this.find(call.tool)
    const { client } = request
    if (!tool || !client) return this.#noSuchTool(request)
    const waitMs = await this.#overLimitFor(client.id)
    if (waitMs !== undefined) return rateLimited(request, waitMs)
    const args = withoutBlanks(call.args)
    const identity = identityOf(call, args)
    const idempotencyKey = identity && keyOf([this.#channel, ...identity, tool.name], args)
    const result = await callTool(this.#gateway, tool, args, {
      client,
      requestId: request.id,
      idempotencyKey,
      conversation: call.conversation,
    })
    recordResult(request, this.#gateway, { door: this.#channel, tool: tool.name, result })
    return result
  }

  /**
   * Counted here and not by request: a platform sends many messages that ask for nothing, and a refusal has to be a result.
   * @returns milliseconds until the client may go on; `undefined`: at once
   */
  async #overLimitFor(clientId: string): Promise<number | undefined> {
    const { perMinute, counters } = this.#gateway.rateLimit
    const { count, leftMs } = await counters.count(`rate:${clientId}`, MINUTE_MS)
    return count > perMinute ? leftMs : undefined
  }

  #noSuchTool(request: FastifyRequest): PlatformAnswer {
    request.errorCode = 'invalid_request'
    // The name is not repeated: a model that invents one may have put a patient's words there.
    const names = this.all.map(({ name }) => name)
    return {
      structured: { outcome: 'invalid_request', message: 'Sorry, I cannot do that. Let me try it another way.', next_actions: names },
      text: `There is no such tool. Call one of: ${names.join(', ')}.`,
    }
  }
}

function rateLimited(request: FastifyRequest, waitMs: number): PlatformAnswer {
  request.errorCode = 'rate_limited'
  const { code, message, detail, retryable } = problem('rate_limited', 'More calls than this client may make. Wait, then call again.')
  const after = { retryable, retry_after_seconds: Math.ceil(waitMs / 1000) }
  return {
    structured: { outcome: code, message, next_actions: [REPEAT], detail, ...after },
    text: `${message} [outcome: ${code}; next: ${REPEAT}]`,
  }
}

/** A call of a tool, for the record of the request. */
export interface DoneCall {
  readonly door: string
  readonly tool: string
  readonly result: ToolResult
}

/** For the line in the log, the counts and the span of the request, which answers 200 however the tool ended. */
export function recordResult(request: FastifyRequest, { metrics }: Gateway, { door, tool, result }: DoneCall): void {
  const { structured, failed, call, fault } = result
  const { outcome } = structured
  request.call = call
  request.toolCall = { tool, outcome }
  if (failed || outcome === 'pending') request.errorCode = outcome
  metrics.toolCall(door, tool, outcome)
  if (fault !== undefined) {
    // Never its message: it may quote what somebody said.
    const err = fault instanceof Error ? { type: fault.name, stack: fault.stack?.split('\n').slice(1) } : { type: typeof fault }
    request.log.error({ err }, 'unexpected error')
  }
}

/**
 * What makes a call the same as one before. Staff are asked once: by a known patient as everywhere (the action derives its own key), by
 * anybody else once in a conversation, however often a model asks.
 */
function identityOf({ tool, conversation, callId }: PlatformCall, args: unknown): string[] | undefined {
  if (tool !== 'ask_for_staff') return callId === undefined ? undefined : [conversation ?? '', callId]
  const { patient_token, patient, appointment_id } = objectOf(args) ?? {}
  const isKnown = [patient_token, patient, appointment_id].some((name) => name !== undefined)
  return isKnown || conversation === undefined ? undefined : [conversation]
}

/**
 * The idempotency key of a platform's call: a digest, so neither the conversation's id nor an argument can be read from it.
 * The arguments belong to it: a platform that gives an id twice for different requests does not mean one request.
 */
function keyOf(identity: readonly string[], args: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([identity, sorted(args)]))
    .digest('base64url')
}

/** The same members in another order are the same arguments. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  const object = objectOf(value)
  if (!object) return value
  return Object.entries(object)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, part]) => [name, sorted(part)])
}
