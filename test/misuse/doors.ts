import type { Api, Answer } from '../helpers/api.ts'
import type { McpFace } from '../helpers/mcp-clients.ts'

/** What a caller is told, whichever door he came through. */
export interface Told {
  /** `ok`, `pending`, an outcome of an intake, or an error code. */
  readonly outcome: string
  readonly message: string
  readonly body: Readonly<Record<string, unknown>>
}

type Args = Readonly<Record<string, unknown>>

/** One way to call the gateway's actions, by the names of the tools. */
export interface Door {
  readonly name: 'REST' | 'MCP'
  /** @param key the idempotency key */
  call(tool: string, args: Args, key?: string): Promise<Told>
}

export function mcpDoor(client: McpFace): Door {
  return {
    name: 'MCP',
    call: async (tool, args, key) => {
      // What is no answer of a tool is a refusal of the door: a body too large, a tool that is none.
      const answer = await client.call(tool, args, key === undefined ? undefined : { idempotency_key: key }).catch(() => undefined)
      if (!answer) return { outcome: 'invalid_request', message: 'refused by the door', body: {} }
      return { outcome: answer.body.outcome, message: answer.body.message, body: answer.body }
    },
  }
}

export function restDoor(api: Api): Door {
  return { name: 'REST', call: async (tool, args, key) => told(await ask(api, tool, args, key)) }
}

function told({ status, body }: Answer): Told {
  const said = typeof body['outcome'] === 'string' ? body['outcome'] : 'ok'
  const outcome = status === 202 ? 'pending' : status < 300 ? said : body.code
  return { outcome, message: String(body['message']), body }
}

/** The route of a tool: what a program does that talks REST. */
function ask(api: Api, tool: string, args: Args, key: string | undefined): Promise<Answer> {
  const { appointment_id: id, patient_token: token, ...rest } = args
  const { appointment_id: _, ...withToken } = args
  const options = key === undefined ? {} : { key }
  const path = `/appointments/${encodeURIComponent(String(id))}`
  switch (tool) {
    case 'start_intake':
      return api.post('/intake', args, options)
    case 'find_times':
      return api.get(`/availability?${queryOf(rest)}`)
    case 'hold_time':
      return api.post('/holds', args, options)
    case 'confirm_booking':
      return api.post('/appointments', args, options)
    case 'reschedule':
      return api.post(`${path}/reschedule`, withToken, options)
    case 'cancel':
      return api.post(`${path}/cancel`, withToken, options)
    case 'my_appointments':
      return api.get('/appointments', typeof token === 'string' ? { token } : {})
    case 'ask_for_staff':
      return api.post('/escalations', args, options)
    default:
      return api.post(`/${tool}`, args, options)
  }
}

function queryOf(args: Args): string {
  return Object.entries(args)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))}`)
    .join('&')
}
