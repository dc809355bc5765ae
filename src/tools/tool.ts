import { z } from 'zod'
import type { Scope } from '../config.ts'
import type { Asking } from '../desk/asking.ts'

export type ToolName =
  | 'start_intake'
  | 'find_times'
  | 'hold_time'
  | 'confirm_booking'
  | 'reschedule'
  | 'cancel'
  | 'my_appointments'
  | 'ask_for_staff'
  | 'what_day_is_it'

/** What a host may expect of a tool (MCP ToolAnnotations); all of them always say all of it. */
export interface ToolAnnotations {
  readonly title: string
  readonly readOnlyHint: boolean
  readonly destructiveHint: boolean
  readonly idempotentHint: boolean
  readonly openWorldHint: boolean
}

/** What came out, as every tool says it. */
export interface ToolBody {
  /** `ok`, `pending`, an outcome of an intake, or a code of the contract's table of errors. */
  readonly outcome: string
  /** One sentence to speak to the patient. */
  readonly message: string
  /** Tools that can follow, or `repeat_same_call`. */
  readonly next_actions: readonly string[]
  readonly [field: string]: unknown
}

/** One action as a language model calls it. */
export interface Tool {
  readonly name: ToolName
  readonly title: string
  /** For the model: what it does, when to call it, what not to do. */
  readonly description: string
  /** The scope that the client key needs. */
  readonly scope: Scope
  readonly annotations: ToolAnnotations
  readonly input: z.ZodObject
  readonly output: z.ZodObject
  /**
   * @param input what `input` has accepted
   * @throws BookingError | OutcomeUnknown | Deferred
   */
  run(input: unknown, asking: Asking): Promise<ToolBody>
}

/** A tool as it is written down: typed by its input, with the annotations that are not the same for all. */
export interface ToolDefinition<Input extends z.ZodObject> extends Omit<Tool, 'annotations' | 'input' | 'output' | 'run'> {
  readonly reads?: boolean
  readonly destroys?: boolean
  readonly input: Input
  /** Fields of the answer besides outcome, message and next actions. Refusals leave them out. */
  readonly output: z.ZodRawShape
  run(input: z.infer<Input>, asking: Asking): Promise<ToolBody>
}

/** What refusals say, and what every answer may carry. */
const refusal = {
  detail: z.string().optional().describe('For whoever builds the assistant: what was wrong.'),
  path: z.string().optional().describe('The argument that was wrong.'),
  policy: z.string().optional(),
  retryable: z.boolean().optional(),
  retry_after_seconds: z.number().optional(),
  operation_id: z.string().optional(),
  escalation_id: z.string().optional(),
}

/**
 * Every tool may be repeated: the gateway sees to it that a repetition has no second effect. None reaches beyond the clinic.
 */
export function defineTool<Input extends z.ZodObject>(definition: ToolDefinition<Input>): Tool {
  const { name, title, description, scope, reads = false, destroys = false, input, output } = definition
  return {
    name,
    title,
    description,
    scope,
    annotations: { title, readOnlyHint: reads, destructiveHint: destroys, idempotentHint: true, openWorldHint: false },
    input,
    output: z.looseObject({
      outcome: z.string().describe('ok, pending, or why not.'),
      message: z.string().describe('One sentence to speak to the patient.'),
      next_actions: z.array(z.string()).describe('Tools that can follow.'),
      ...refusal,
      ...partial(output),
    }),
    // callTool hands over what the schema has accepted.
    run: (accepted, asking) => definition.run(accepted as z.infer<Input>, asking),
  }
}

function partial(shape: z.ZodRawShape): z.ZodRawShape {
  return z.object(shape).partial().shape
}
