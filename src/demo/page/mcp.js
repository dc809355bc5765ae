// @ts-check

/** The revision this page speaks; the gateway answers with the one it settles on. */
const REVISION = '2025-11-25'
const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

/**
 * What a tool answered.
 * @typedef {{ outcome: string, message: string, next_actions?: string[], [field: string]: any }} Structured
 * @typedef {{ structured: Structured, text: string, isError: boolean }} ToolAnswer
 */

/** The door did not give an MCP answer: no key, too many requests, not there. */
export class DoorError extends Error {
  /**
   * @param {string} message
   * @param {number} status HTTP status, or 0 where no answer came
   * @param {number} [retryAfterSeconds]
   */
  constructor(message, status, retryAfterSeconds) {
    super(message)
    this.status = status
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** A client of the MCP door: JSON-RPC over fetch, streamable HTTP, as any MCP client speaks it. */
export class McpConnection {
  #nextId = 1
  /** @type {string | undefined} */
  #session
  /** @type {string | undefined} */
  #revision

  /**
   * @param {string} url
   * @param {string} key the client key
   */
  constructor(url, key) {
    this.url = url
    this.key = key
  }

  /** The handshake: which revision, then "ready". */
  async open() {
    const clientInfo = { name: 'demo-page', version: '1' }
    const result = await this.#request('initialize', { protocolVersion: REVISION, capabilities: {}, clientInfo })
    this.#revision = result.protocolVersion
    await this.#send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  }

  /** @returns {Promise<{ name: string, title?: string, inputSchema: any }[]>} */
  async listTools() {
    return (await this.#request('tools/list', {})).tools
  }

  /**
   * @param {string} name
   * @param {object} args
   * @returns {Promise<ToolAnswer>}
   * @throws {DoorError}
   */
  async callTool(name, args) {
    const result = await this.#request('tools/call', { name, arguments: args })
    const text = (result.content ?? []).map((/** @type {{ text?: string }} */ part) => part.text ?? '').join(' ')
    const structured = result.structuredContent ?? { outcome: result.isError ? 'invalid_request' : 'ok', message: text }
    return { structured, text, isError: result.isError === true }
  }

  /**
   * @param {string} method
   * @param {object} params
   * @returns {Promise<any>}
   */
  async #request(method, params) {
    const id = this.#nextId++
    const answer = await this.#send({ jsonrpc: '2.0', id, method, params })
    const message = (await messagesOf(answer)).find((candidate) => candidate.id === id)
    if (message?.result !== undefined) return message.result
    throw new DoorError(message?.error?.message ?? 'The MCP door gave no answer to the request.', answer.status)
  }

  /** @param {object} message */
  async #send(message) {
    const answer = await fetch(this.url, {
      method: 'POST',
      headers: {
        ...HEADERS,
        authorization: `Bearer ${this.key}`,
        ...(this.#session !== undefined && { 'mcp-session-id': this.#session }),
        ...(this.#revision !== undefined && { 'mcp-protocol-version': this.#revision }),
      },
      body: JSON.stringify(message),
    }).catch(() => {
      throw new DoorError('The gateway does not answer.', 0)
    })
    if (!answer.ok) throw await refusal(answer)
    this.#session = answer.headers.get('mcp-session-id') ?? this.#session
    return answer
  }
}

/**
 * The JSON-RPC messages of an answer, which comes as one JSON text or as a stream of events.
 * @param {Response} answer
 * @returns {Promise<any[]>}
 */
async function messagesOf(answer) {
  const text = await answer.text()
  if (!answer.headers.get('content-type')?.includes('text/event-stream')) return text === '' ? [] : [JSON.parse(text)].flat()
  return text
    .split(/\r?\n\r?\n/)
    .map((event) => event.split(/\r?\n/).flatMap((line) => (line.startsWith('data:') ? [line.slice(5).trimStart()] : [])))
    .filter((lines) => lines.length > 0)
    .map((lines) => JSON.parse(lines.join('\n')))
}

/** @param {Response} answer */
async function refusal(answer) {
  const body = await answer.json().catch(() => ({}))
  const retryAfter = Number(answer.headers.get('retry-after'))
  const said = body.detail ?? body.error?.message ?? `HTTP ${answer.status}`
  return new DoorError(said, answer.status, retryAfter > 0 ? retryAfter : undefined)
}
