import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Modality } from '../fhir/appointment.ts'
import { digestOf, fingerprint } from '../fhir/ids.ts'
import { isResourceId } from '../fhir/query.ts'
import type { EpochMs } from '../fhir/instant.ts'
import type { ClinicMapping, VisitType } from '../clinic/mapping.ts'
import { BookingError } from './errors.ts'

/** What a `slot_id` says: this Slot, for this visit type and modality, at the start that was offered. */
export interface SlotOffer {
  readonly slotId: string
  readonly type: VisitType
  readonly modality: Modality
  readonly start: EpochMs
  /** Where the Slot lay when it was offered; only steers what is read. */
  readonly scheduleFingerprint: Buffer
}

const MODALITIES: readonly Modality[] = ['in-person', 'telehealth', 'phone']
const MAC_BYTES = 8
const BODY_BYTES = 10
const FORM = /^([A-Za-z0-9\-.]{1,64})\.([A-Za-z0-9_-]{24})$/

/**
 * Makes and reads `slot_id`s: `<Slot id>.<24 characters>`, so 61 characters for a UUID and 89 at most.
 * The 18 bytes behind the dot: start (seconds, 4), visit type (2), modality (1), Schedule fingerprint (3), MAC (8).
 * The MAC covers everything, so an id that a model invented or altered is refused without asking the EHR.
 */
export class SlotIds {
  readonly #secrets: readonly string[]
  readonly #types: ReadonlyMap<number, VisitType>

  /** @param secrets the first one signs, all of them are accepted (rotation) */
  constructor(secrets: readonly string[], mapping: ClinicMapping) {
    this.#secrets = secrets
    this.#types = new Map(mapping.visitTypes.map((type) => [typeNumber(type), type]))
    if (this.#types.size < mapping.visitTypes.length) throw new Error('two visit type codes have the same short form; rename one of them')
  }

  make(offer: { slotId: string; scheduleId: string; start: EpochMs }, type: VisitType, modality: Modality): string {
    const body = Buffer.alloc(BODY_BYTES)
    body.writeUInt32BE(Math.floor(offer.start / 1000))
    body.writeUInt16BE(typeNumber(type), 4)
    body.writeUInt8(MODALITIES.indexOf(modality), 6)
    fingerprint(offer.scheduleId).copy(body, 7)
    return `${offer.slotId}.${Buffer.concat([body, this.#mac(this.#secrets[0] ?? '', offer.slotId, body)]).toString('base64url')}`
  }

  /** @throws BookingError `invalid_slot_id` for anything this clinic did not offer */
  read(text: string): SlotOffer {
    const [, slotId, tail] = FORM.exec(text) ?? []
    if (slotId === undefined || tail === undefined || !isResourceId(slotId)) throw invalidSlotId()
    const bytes = Buffer.from(tail, 'base64url')
    const body = bytes.subarray(0, BODY_BYTES)
    const genuine = this.#secrets.some((secret) => timingSafeEqual(this.#mac(secret, slotId, body), bytes.subarray(BODY_BYTES)))
    const type = this.#types.get(body.readUInt16BE(4))
    const modality = MODALITIES[body.readUInt8(6)]
    if (!genuine || !type || !modality) throw invalidSlotId()
    return { slotId, type, modality, start: body.readUInt32BE(0) * 1000, scheduleFingerprint: body.subarray(7, 10) }
  }

  #mac(secret: string, slotId: string, body: Buffer): Buffer {
    return createHmac('sha256', secret).update('slot-id').update(slotId).update('.').update(body).digest().subarray(0, MAC_BYTES)
  }
}

function typeNumber(type: VisitType): number {
  return digestOf('visit-type', type.code).readUInt16BE(0)
}

function invalidSlotId(): BookingError {
  return new BookingError(
    'invalid_slot_id',
    'slot_id was not issued by this gateway. Copy it unchanged from GET /availability or from alternatives.',
    { path: 'slot_id' },
  )
}
