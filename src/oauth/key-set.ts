import { Agent, request } from 'undici'
import { z } from 'zod'

/** The issuer has so long for one answer, in milliseconds. */
const ANSWER_WITHIN_MS = 3_000
/** Descriptions and key sets are a few kilobytes. */
const MOST_BYTES = 256 * 1024

/** Where an issuer's keys are. */
export interface KeySource {
  readonly issuer: string
  /** `undefined`: it stands in the issuer's own description. */
  readonly jwksUrl: string | undefined
}

const descriptionSchema = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) })

/** Gets the key set of an issuer: from where the operator says, or from where the issuer's metadata says (RFC 8414, OpenID Discovery). */
export class KeySetFetcher {
  readonly #source: KeySource
  /** Redirects are not followed: keys come from the address that was named. */
  readonly #agent = new Agent({ connections: 1, connect: { timeout: ANSWER_WITHIN_MS } })

  constructor(source: KeySource) {
    this.#source = source
  }

  /** @throws Error when the issuer does not answer with a key set */
  async fetch(): Promise<unknown> {
    return this.#getJson(this.#source.jwksUrl ?? (await this.#discover()))
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #discover(): Promise<string> {
    const { issuer } = this.#source
    const [first, second] = metadataUrls(issuer)
    const description = descriptionSchema.parse(await this.#getJson(first).catch(() => this.#getJson(second)))
    // Otherwise one issuer could pass off its keys as another's (RFC 8414, section 3.3).
    if (description.issuer !== issuer) throw new Error('the metadata belongs to another issuer')
    // Who speaks for an https issuer in the clear does not speak for it.
    if (issuer.startsWith('https:') && !description.jwks_uri.startsWith('https:')) throw new Error('jwks_uri is not https')
    return description.jwks_uri
  }

  async #getJson(url: string): Promise<unknown> {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS)
    const answer = await request(url, { dispatcher: this.#agent, signal, headers: { accept: 'application/json' } })
    if (answer.statusCode !== 200) {
      await answer.body.dump()
      throw new Error(`the issuer answers ${answer.statusCode}`)
    }
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > MOST_BYTES) throw new Error('the issuer answers more than a key set can be')
      chunks.push(chunk)
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  }
}

/** RFC 8414 puts the well-known part before the issuer's path, OpenID Discovery behind it. */
function metadataUrls(issuer: string): readonly [oauth: string, openId: string] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [`${origin}/.well-known/oauth-authorization-server${path}`, `${origin}${path}/.well-known/openid-configuration`]
}
