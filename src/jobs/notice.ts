import { deliverNotice, type NoticeDeps } from '../notices/deliver.ts'
import { DONE, JobRefused, type Handler } from './handlers.ts'

/** Tells one receiver of one event; the receiver's own schedule of tries is kept here, not by the queue. */
export function noticeJob(deps: NoticeDeps): Handler<'notice'> {
  return async (job, { attempt }) => {
    const outcome = await deliverNotice(deps, job, attempt)
    if (outcome.kind === 'given-up') throw new JobRefused('receiver_not_reached')
    return outcome.kind === 'retry' ? { kind: 'later', afterMs: outcome.afterSeconds * 1000 } : DONE
  }
}
