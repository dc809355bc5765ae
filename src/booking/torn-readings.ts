import { holdExpiresOf } from '../fhir/appointment.ts'
import type { EpochMs } from '../fhir/instant.ts'
import { readClaim } from '../fhir/slot-claim.ts'
import type { Reading } from './ports.ts'
import { ofType } from './window-queries.ts'

/**
 * Decides whether a reading that contradicts itself is to be read again. The queries of a batch are no snapshot, so a contradiction can
 * mean that another write came in between. One that the next reading shows unchanged means something else (a claim that is really
 * orphaned, a visit that has ended since): what is read after it was seen is newer than it. One that has changed is a new tear.
 */
export class TornReadings {
  #last: string | undefined

  /** @param contradictions each named so that the same one has the same name in every reading; `undefined` for none */
  isTorn(...contradictions: readonly (string | undefined)[]): boolean {
    const found = contradictions.filter((contradiction) => contradiction !== undefined).join(' ')
    const isNew = found !== '' && found !== this.#last
    this.#last = found
    return isNew
  }
}

/**
 * Names the first hold that runs out while it is read: live by the clock of the first part of the reading, and over by that of the last.
 * A part read late may show a hold that was made, and ran out, after the clock was read; by that clock it would be refused for.
 */
export function runsOutMeanwhile(reading: Reading): string | undefined {
  const { now, readUntil } = reading
  if (readUntil === now) return undefined
  const isBetween = (until: EpochMs | undefined) => until !== undefined && until > now && until <= readUntil
  const slot = ofType(reading.all('slots'), 'Slot').find((each) => isBetween(readClaim(each)?.until))
  const visits = ofType([...reading.all('visits'), ...reading.all('patientVisits')], 'Appointment')
  const found = slot ?? visits.find((each) => isBetween(holdExpiresOf(each)))
  return found && `runs out ${found.resourceType}/${found.id ?? ''} ${found.meta?.versionId ?? ''}`
}
