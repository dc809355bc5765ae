import { CompactEncrypt, compactDecrypt } from 'jose'
import { KeyList } from './key-list.ts'

/** Encrypts what a job must know of a patient: JWE (RFC 7516, `dir` + A256GCM). Without the secret Redis holds noise. */
export class Sealer {
  readonly #keys: KeyList

  /** @param secrets the first one encrypts, all of them are accepted (rotation) */
  constructor(secrets: readonly string[]) {
    this.#keys = new KeyList('job-payload', secrets)
  }

  async seal(value: unknown): Promise<string> {
    const { id, key } = this.#keys.first
    return new CompactEncrypt(Buffer.from(JSON.stringify(value))).setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: id }).encrypt(key)
  }

  /** @throws Error for what was not sealed with one of the secrets */
  async open(text: string): Promise<unknown> {
    const { plaintext } = await compactDecrypt(text, ({ kid }) => this.#keys.byId(kid), {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    return JSON.parse(Buffer.from(plaintext).toString('utf8'))
  }
}
