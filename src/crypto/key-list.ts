import { createHash } from 'node:crypto'

interface NamedKey {
  readonly id: string
  readonly key: Uint8Array
}

/** 256-bit keys for one purpose, derived from the secrets of TOKEN_SECRET: the first one encrypts, all of them decrypt (rotation). */
export class KeyList {
  readonly #keys: readonly NamedKey[]

  constructor(purpose: string, secrets: readonly string[]) {
    this.#keys = secrets.map((secret) => {
      const key = createHash('sha256').update(purpose).update(secret).digest()
      return { key, id: createHash('sha256').update(key).digest('hex').slice(0, 8) }
    })
  }

  /** The key to encrypt with. */
  get first(): NamedKey {
    const [first] = this.#keys
    if (!first) throw new Error('no secret')
    return first
  }

  /** The key with the id (`kid`). @throws Error when it is none of ours */
  byId(id: string | undefined): Uint8Array {
    const found = this.#keys.find((key) => key.id === id)
    if (!found) throw new Error('unknown key')
    return found.key
  }
}
