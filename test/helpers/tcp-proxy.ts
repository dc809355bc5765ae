import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** What happens to one request on its way to the EHR and back. */
export type Fault =
  | 'pass'
  /** The EHR never sees it: the connection is reset. */
  | 'lose-request'
  /** Half of it gets through; then the connection is reset on both sides. */
  | 'cut-request'
  /** It waits in the network until `deliverHeld()`; the caller gets no answer. */
  | 'hold-request'
  /** The EHR acts on it; the connection is reset when its answer comes. */
  | 'cut-answer'
  /** As before, but half of the answer gets through. */
  | 'cut-midway'
  /** The EHR acts on it; its answer never arrives and the connection stays open. */
  | 'stall-answer'
  /** The EHR never sees it; this raw HTTP answer comes instead. */
  | { readonly answer: string | Buffer }
  /** It reaches the EHR so much later, in milliseconds, and is answered in the end. */
  | { readonly delayMs: number }
  /** First this happens, then it goes on as if nothing had been. */
  | { readonly after: () => Promise<unknown> }

/** A raw HTTP answer in place of the EHR's. */
export function httpAnswer(status: string, body: string | Buffer = '', headers: readonly string[] = []): Fault {
  const type = 'Content-Type: application/fhir+json'
  const head = [`HTTP/1.1 ${status}`, type, `Content-Length: ${Buffer.byteLength(body)}`, ...headers, 'Connection: close']
  return { answer: Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.from(body)]) }
}

/** What the EHR is asked for: bundles by their type, everything else as `other`. */
export type RequestKind = 'transaction' | 'batch' | 'other'

/** One request as it came by. */
export interface SeenRequest {
  readonly kind: RequestKind
  readonly line: string
  /** How many reads a batch asks for. */
  readonly reads: number
  /** X-Request-Id, which the gateway passes on: tells requests apart that run at the same time. */
  readonly requestId: string | undefined
}

/** A TCP proxy between gateway and EHR that can harm single requests. It counts what really goes over the wire. */
export interface TcpProxy {
  readonly fhirBaseUrl: string
  /** Every request since the start or the last `forget()`. */
  readonly seen: readonly SeenRequest[]
  forget(): void
  /** Decides about every request from now on. */
  rule(decide: (request: SeenRequest) => Fault): void
  /** Harms only the next request of the kind; then everything passes. */
  next(kind: RequestKind, fault: Fault): void
  pass(): void
  /** Sends on what `hold-request` kept back, and waits for the EHR's answers to it. */
  deliverHeld(): Promise<string[]>
  /** Refuses connections and breaks those that stand, as a server that is down does. */
  refuse(): Promise<void>
  accept(): Promise<void>
  stop(): Promise<void>
}

/** Starts a proxy on a free port before the FHIR server at `upstream`. */
export async function startProxy(upstream: string): Promise<TcpProxy> {
  const target = new URL(upstream)
  const address = { host: target.hostname, port: Number(target.port) }
  const sockets = new Set<Socket>()
  const seen: SeenRequest[] = []
  const held: Buffer[] = []
  let decide: (request: SeenRequest) => Fault = () => 'pass'
  let server = newServer()
  let port = 0

  function newServer(): Server {
    return createServer((client) => {
      keep(client)
      const line = new Line(client, () => keep(connect(address)), {
        decide: (request) => {
          seen.push(request)
          return decide(request)
        },
        hold: (bytes) => held.push(bytes),
      })
      client.on('data', (bytes) => {
        line.receive(bytes)
      })
    })
  }
  function keep(socket: Socket): Socket {
    sockets.add(socket)
    socket.setNoDelay(true)
    // A broken connection is what this proxy is for; whoever used it notices by the close.
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    return socket
  }
  async function listen(): Promise<void> {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const bound = server.address()
    port = bound !== null && typeof bound === 'object' ? bound.port : port
  }
  async function refuse(): Promise<void> {
    const closed = server.listening ? once(server, 'close') : undefined
    server.close()
    for (const socket of sockets) socket.resetAndDestroy()
    await closed
  }

  await listen()
  return {
    fhirBaseUrl: `http://127.0.0.1:${port}${target.pathname}`,
    seen,
    forget: () => void seen.splice(0),
    rule: (newRule) => {
      decide = newRule
    },
    next: (kind, fault) => {
      let used = false
      decide = (request) => {
        if (used || request.kind !== kind) return 'pass'
        used = true
        return fault
      }
    },
    pass: () => {
      decide = () => 'pass'
    },
    deliverHeld: () => Promise.all(held.splice(0).map((bytes) => exchange(keep(connect(address)), bytes))),
    refuse,
    accept: async () => {
      server = newServer()
      await listen()
    },
    stop: refuse,
  }
}

interface LineHooks {
  decide(request: SeenRequest): Fault
  hold(bytes: Buffer): void
}

/** One connection of the gateway: its requests one after the other, each with its own fate. */
class Line {
  readonly #client: Socket
  readonly #connect: () => Socket
  readonly #hooks: LineHooks
  #upstream: Socket | undefined
  #received = Buffer.alloc(0)
  #fault: Fault = 'pass'

  constructor(client: Socket, newUpstream: () => Socket, hooks: LineHooks) {
    this.#client = client
    this.#connect = newUpstream
    this.#hooks = hooks
  }

  receive(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes])
    for (let size = requestSize(this.#received); size !== undefined; size = requestSize(this.#received)) {
      const request = this.#received.subarray(0, size)
      this.#received = this.#received.subarray(size)
      this.#handle(request)
    }
  }

  #handle(bytes: Buffer): void {
    const fault = this.#hooks.decide(describe(bytes))
    const isLate = typeof fault === 'object' && 'delayMs' in fault
    this.#fault = isLate ? 'pass' : fault
    if (isLate) setTimeout(() => this.#client.destroyed || this.#toEhr().write(bytes), fault.delayMs)
    else if (typeof fault === 'object' && 'after' in fault) this.#delay(bytes, fault.after)
    else if (typeof fault === 'object') this.#client.end(fault.answer)
    else if (this.#fault === 'lose-request') this.#client.resetAndDestroy()
    else if (this.#fault === 'hold-request') this.#hooks.hold(Buffer.from(bytes))
    else if (this.#fault === 'cut-request') this.#cutRequest(bytes)
    else this.#toEhr().write(bytes)
  }

  #cutRequest(bytes: Buffer): void {
    const upstream = this.#toEhr()
    upstream.write(bytes.subarray(0, bytes.length / 2), () => {
      upstream.resetAndDestroy()
      this.#client.resetAndDestroy()
    })
  }

  #delay(bytes: Buffer, first: () => Promise<unknown>): void {
    this.#fault = 'pass'
    void first().finally(() => this.#toEhr().write(bytes))
  }

  #toEhr(): Socket {
    if (this.#upstream) return this.#upstream
    const upstream = this.#connect()
    upstream.on('data', (bytes) => {
      this.#fromEhr(bytes)
    })
    upstream.on('close', () => {
      if (this.#fault === 'pass') this.#client.end()
    })
    this.#client.on('close', () => upstream.destroy())
    this.#upstream = upstream
    return upstream
  }

  #fromEhr(bytes: Buffer): void {
    if (this.#fault === 'pass') this.#client.write(bytes)
    else if (this.#fault === 'cut-answer') this.#client.resetAndDestroy()
    else if (this.#fault === 'cut-midway') this.#client.write(bytes.subarray(0, bytes.length / 2), () => this.#client.destroy())
  }
}

/** Size of the first complete request in the buffer. The gateway sends every body with its length. */
function requestSize(bytes: Buffer): number | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = bytes.toString('latin1', 0, headEnd)
  if (/^transfer-encoding:/im.test(head)) throw new Error('the proxy cannot read chunked requests')
  const size = headEnd + 4 + Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
  return bytes.length >= size ? size : undefined
}

function describe(bytes: Buffer): SeenRequest {
  const text = bytes.toString('utf8')
  const kind = text.includes('"type":"transaction"') ? 'transaction' : text.includes('"type":"batch"') ? 'batch' : 'other'
  const reads = text.split('"method":"GET"').length - 1
  return { kind, line: text.slice(0, text.indexOf('\r\n')), reads, requestId: /^x-request-id: *(\S+)/im.exec(text)?.[1] }
}

/** Sends a request on a connection of its own. @returns the status line of the answer */
async function exchange(upstream: Socket, bytes: Buffer): Promise<string> {
  upstream.write(bytes)
  const [answer] = (await once(upstream, 'data')) as [Buffer]
  upstream.destroy()
  return answer.toString('latin1').split('\r\n')[0]!
}
