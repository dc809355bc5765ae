/** Reasons that the gateway itself escalates for, and `exception_requested` and `other` for what a patient wants. */
export type BuiltInReason =
  | 'race_lost'
  | 'identity_unverified'
  | 'red_flag'
  | 'new_patient'
  | 'exception_requested'
  | 'outcome_unknown'
  | 'ehr_rejected'
  | 'reconciliation_doubt'
  | 'attempts_exhausted'
  | 'deferred_refused'
  | 'other'

interface Words {
  readonly code: BuiltInReason
  readonly title: string
  readonly priority: 'routine' | 'urgent' | 'stat'
  readonly dueOfficeMinutes: number
  readonly channel: 'phone'
  readonly tellPatient: string
  readonly tellStaff: string
}

const HOUR = 60
type Text = Pick<Words, 'title' | 'tellPatient' | 'tellStaff'>

function reason(code: BuiltInReason, priority: Words['priority'], hours: number, text: Text): Words {
  return { code, priority, dueOfficeMinutes: hours * HOUR, channel: 'phone', ...text }
}

/** What holds where a clinic's file says nothing else. `identity_unverified` names no patient, so nobody can be called back. */
export const BUILT_IN_REASONS: readonly Words[] = [
  reason('race_lost', 'urgent', 1, {
    title: 'Others were faster, several times',
    tellPatient: 'Others were faster several times, so I have asked the staff to find you a time. They will call you by {due}.',
    tellStaff: 'The patient tried for several times that others got first. Find a time and call the patient.',
  }),
  reason('identity_unverified', 'routine', 4, {
    title: 'A patient could not be identified',
    tellPatient: 'I could not find you with these details, and the staff know of it. Please check the details, or call {phone}.',
    tellStaff: 'Somebody could not be found with the details given, and was asked to call. The details are not kept.',
  }),
  reason('red_flag', 'stat', 0.25, {
    title: 'A patient may have an emergency',
    tellPatient: 'The staff know of it; their number is {phone}. In an emergency do not wait for them: call 911.',
    tellStaff:
      'Somebody told the chatbot something that may be an emergency, and was told whom to call; the booking was stopped. The rule that noticed it stands in the trail, the words are not kept. Where the patient is known, call now.',
  }),
  reason('new_patient', 'routine', 8, {
    title: 'A new patient wants a visit',
    tellPatient: 'New patients are taken on by the staff, and they know of it. Please call them at {phone}.',
    tellStaff: 'A new patient wanted a visit, and was asked to call. The details are not kept.',
  }),
  reason('exception_requested', 'routine', 8, {
    title: 'An exception to the rules is asked for',
    tellPatient: 'I have passed your wish on to the staff. They will call you by {due}.',
    tellStaff: 'The patient asks for something that the online rules do not allow. Call the patient.',
  }),
  reason('outcome_unknown', 'urgent', 1, {
    title: 'It is not known whether a change took effect',
    tellPatient: 'I could not find out whether that worked. The staff will check, and call you by {due}.',
    tellStaff: 'A change was sent to the EHR, and nobody knows whether it took effect. Check the schedule and call the patient.',
  }),
  reason('ehr_rejected', 'urgent', 2, {
    title: 'The EHR refused a change',
    tellPatient: 'I could not enter that myself, so I have passed it to the staff. They will call you by {due}.',
    tellStaff: 'The EHR refused to store a change that the patient asked for. Do it by hand, or call the patient.',
  }),
  reason('reconciliation_doubt', 'urgent', 1, {
    title: 'The schedule contradicts itself',
    tellPatient: 'The staff are checking that visit, and will call you by {due} if anything changes.',
    tellStaff: 'The EHR holds entries that contradict each other around this visit. Look at the schedule and put it right.',
  }),
  reason('attempts_exhausted', 'urgent', 1, {
    title: 'A task of the gateway failed for good',
    tellPatient: 'That did not work in spite of several attempts. The staff will see to it, and call you by {due}.',
    tellStaff: 'The gateway tried something several times and gave up. Check the visit and call the patient where needed.',
  }),
  reason('deferred_refused', 'urgent', 1, {
    title: 'A booking accepted earlier could not be made',
    tellPatient: 'The time I noted for you could not be booked after all. The staff will call you by {due} with another one.',
    tellStaff: 'A booking was accepted while the EHR was down, and could not be made later. Find another time and call the patient.',
  }),
  reason('other', 'routine', 8, {
    title: 'A patient asks for help',
    tellPatient: 'I have passed that on to the staff. They will call you by {due}.',
    tellStaff: 'The patient asks to be called.',
  }),
]
