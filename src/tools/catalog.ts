import type { Gateway } from '../desk/gateway.ts'
import { askForStaff } from './ask-for-staff.ts'
import { findTimes } from './find-times.ts'
import { confirmBooking, holdTime } from './hold-and-book.ts'
import { startIntake } from './start-intake.ts'
import type { Tool } from './tool.ts'
import { cancel, myAppointments, reschedule } from './visits.ts'
import { whatDayIsIt } from './what-day-is-it.ts'

/** All tools, in the order of a conversation. Their descriptions name what this clinic offers. */
export function buildTools(gateway: Gateway): readonly Tool[] {
  return [startIntake, whatDayIsIt, findTimes, holdTime, confirmBooking, myAppointments, reschedule, cancel, askForStaff].map((build) =>
    build(gateway),
  )
}
