import type { ShownAppointment, ShownOffer } from '../../../src/booking/shown.ts'

/** A clinical title that no sentence may contain. */
export const TYPE = 'oncology-consultation'

export function shownOffer(changes: Partial<ShownOffer> = {}): ShownOffer {
  return {
    slot_id: 's.x',
    type: TYPE,
    start: '2027-03-01T09:00:00-08:00',
    end: '2027-03-01T09:15:00-08:00',
    timezone: 'America/Los_Angeles',
    local_start: 'Monday, March 1 at 9:00 AM PST',
    provider: { id: 'ann', name: 'Dr. Ann Marsh' },
    location: { id: 'house', name: 'Harbor Lights' },
    modality: 'in-person',
    ...changes,
  }
}

export function shownAppointment(changes: Partial<ShownAppointment> = {}): ShownAppointment {
  const { slot_id: _, ...visit } = shownOffer()
  return {
    ...visit,
    appointment_id: 'ap-1',
    confirmation_code: 'AB12CD34',
    status: 'booked',
    state: 'booked',
    version: '3',
    expires_at: null,
    ...changes,
  }
}
