import { whatDayIsIt as answerDay, whatDayIsItInput, whatDayIsItOutput } from '../calendar/what-day-is-it.ts'
import type { Gateway } from '../desk/gateway.ts'
import { defineTool, type Tool } from './tool.ts'

export function whatDayIsIt(gateway: Gateway): Tool {
  const { message: _message, next_actions: _nextActions, ...output } = whatDayIsItOutput.shape
  return defineTool({
    name: 'what_day_is_it',
    title: 'Day and time at the clinic',
    description:
      "The clinic's date, weekday, time and office hours now. With when it turns a patient's words (\"next Tuesday morning\") into start and end " +
      'for find_times, or into candidates to ask about. Call it instead of working out dates yourself.',
    scope: 'availability:read',
    reads: true,
    input: whatDayIsItInput,
    output,
    run: ({ when }) => Promise.resolve({ outcome: 'ok', ...answerDay(gateway.booking.mapping, Date.now(), when) }),
  })
}
