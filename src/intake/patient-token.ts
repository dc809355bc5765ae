import { EncryptJWT, jwtDecrypt } from 'jose'
import { KeyList } from '../crypto/key-list.ts'

/** How long a patient token lasts, in seconds. */
export const PATIENT_TOKEN_SECONDS = 30 * 60

/**
 * Makes and reads patient tokens: JWE (RFC 7516, `dir` + A256GCM) that hold the patient's reference, bound to one client.
 * Nothing is stored; a token says all there is to know and nobody but the gateway can read it.
 */
export class PatientTokens {
  readonly #keys: KeyList

  /** @param secrets the first one encrypts, all of them are accepted (rotation) */
  constructor(secrets: readonly string[]) {
    this.#keys = new KeyList('patient-token', secrets)
  }

  /** @param patient `Patient/<id>` */
  async issue(patient: string, clientId: string): Promise<{ token: string; expiresAt: Date }> {
    const { id, key } = this.#keys.first
    const expiresAt = new Date(Date.now() + PATIENT_TOKEN_SECONDS * 1000)
    const token = await new EncryptJWT({})
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: id })
      .setSubject(patient)
      .setAudience(clientId)
      .setExpirationTime(expiresAt)
      .encrypt(key)
    return { token, expiresAt }
  }

  /** The patient of a token, or `undefined` when it is expired, altered, invented or another client's. */
  async read(token: string, clientId: string): Promise<string | undefined> {
    try {
      const { payload } = await jwtDecrypt(token, ({ kid }) => this.#keys.byId(kid), {
        audience: clientId,
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
      })
      return payload.sub
    } catch {
      return undefined
    }
  }
}
