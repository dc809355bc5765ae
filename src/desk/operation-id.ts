import { createHmac, timingSafeEqual } from 'node:crypto'
import type { EpochMs } from '../fhir/instant.ts'

/** `unknown`: a write whose outcome the EHR did not tell. `deferred`: a change that was accepted while the EHR was down. */
export type OperationKind = 'unknown' | 'deferred'

/** An operation a caller was told to ask about. */
export interface Operation {
  readonly receiptId: string
  readonly since: EpochMs
  readonly kind: OperationKind
}

const FORM = /^(rcpt-[0-9a-z]{32})\.(d?)([A-Za-z0-9_-]{16})$/

/** Makes and reads operation ids: `<receipt id>.<d for deferred><time, MAC>`, bound to the client, so that an invented one is told from a pending one. */
export class OperationIds {
  readonly #secrets: readonly string[]

  /** @param secrets the first one signs, all of them are accepted (rotation) */
  constructor(secrets: readonly string[]) {
    this.#secrets = secrets
  }

  make(receiptId: string, clientId: string, since: EpochMs, kind: OperationKind = 'unknown'): string {
    const time = Buffer.alloc(4)
    time.writeUInt32BE(Math.floor(since / 1000))
    const tail = Buffer.concat([time, this.#mac(this.#secrets[0] ?? '', receiptId, clientId, time, kind)]).toString('base64url')
    return `${receiptId}.${kind === 'deferred' ? 'd' : ''}${tail}`
  }

  /** `undefined` for an id that was not issued to this client. */
  read(text: string, clientId: string): Operation | undefined {
    const [, receiptId, mark, tail] = FORM.exec(text) ?? []
    if (receiptId === undefined || tail === undefined) return undefined
    const bytes = Buffer.from(tail, 'base64url')
    const time = bytes.subarray(0, 4)
    const kind = mark === 'd' ? 'deferred' : 'unknown'
    const genuine = this.#secrets.some((secret) => timingSafeEqual(this.#mac(secret, receiptId, clientId, time, kind), bytes.subarray(4)))
    return genuine ? { receiptId, since: time.readUInt32BE(0) * 1000, kind } : undefined
  }

  #mac(secret: string, receiptId: string, clientId: string, time: Buffer, kind: OperationKind): Buffer {
    return createHmac('sha256', secret)
      .update(kind === 'deferred' ? 'deferred-operation' : 'operation')
      .update(receiptId)
      .update(' ')
      .update(clientId)
      .update(' ')
      .update(time)
      .digest()
      .subarray(0, 8)
  }
}
