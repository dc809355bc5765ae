import { createHash } from 'node:crypto'
import { EncryptJWT, jwtDecrypt } from 'jose'

/** How long a patient token lasts, in seconds. */
export const PATIENT_TOKEN_SECONDS = 30 * 60

interface TokenKey {
  readonly id: string
  readonly key: Uint8Array
}

/**
 * Makes and reads patient tokens: JWE (RFC 7516, `dir` + A256GCM) that hold the patient's reference, bound to one client.
 * Nothing is stored; a token says all there is to know and nobody but the gateway can read it.
 */
export class PatientTokens {
  readonly #keys: readonly TokenKey[]

  /** @param secrets the first one encrypts, all of them are accepted (rotation) */
  constructor(secrets: readonly string[]) {
    this.#keys = secrets.map((secret) => {
      const key = createHash('sha256').update('patient-token').update(secret).digest()
      return { key, id: createHash('sha256').update(key).digest('hex').slice(0, 8) }
    })
  }

  /** @param patient `Patient/<id>` */
  async issue(patient: string, clientId: string): Promise<{ token: string; expiresAt: Date }> {
    const [first] = this.#keys
    if (!first) throw new Error('no token secret')
    const expiresAt = new Date(Date.now() + PATIENT_TOKEN_SECONDS * 1000)
    const token = await new EncryptJWT({})
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: first.id })
      .setSubject(patient)
      .setAudience(clientId)
      .setExpirationTime(expiresAt)
      .encrypt(first.key)
    return { token, expiresAt }
  }

  /** The patient of a token, or `undefined` when it is expired, altered, invented or another client's. */
  async read(token: string, clientId: string): Promise<string | undefined> {
    try {
      const { payload } = await jwtDecrypt(token, ({ kid }) => this.#keyOf(kid), {
        audience: clientId,
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
      })
      return payload.sub
    } catch {
      return undefined
    }
  }

  #keyOf(id: string | undefined): Uint8Array {
    const found = this.#keys.find((key) => key.id === id)
    if (!found) throw new Error('unknown key')
    return found.key
  }
}
