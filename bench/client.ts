import { gunzipSync } from 'node:zlib'
import { Pool, type Dispatcher } from 'undici'

/** One HTTP request, ready to be sent. */
export interface Prepared {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** An answer whose body has fully come; decoding it is left until the clock has stopped. */
export interface Received {
  readonly status: number
  readonly headers: Dispatcher.ResponseData['headers']
  text(): string
}

/** A lean HTTP client on undici's pool: the load generator shares the machine with what it measures. */
export class BenchClient {
  readonly #pool: Pool

  /** @param connections as many as requests are under way at a time */
  constructor(origin: string, connections: number) {
    this.#pool = new Pool(origin, { connections, pipelining: 1, headersTimeout: 60_000, bodyTimeout: 60_000 })
  }

  async send({ method, path, headers, body }: Prepared): Promise<Received> {
    const answer = await this.#pool.request({ method, path, headers, ...(body !== undefined && { body }) })
    const bytes = Buffer.from(await answer.body.arrayBuffer())
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: () => (answer.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString(),
    }
  }

  close(): Promise<void> {
    return this.#pool.close()
  }
}
