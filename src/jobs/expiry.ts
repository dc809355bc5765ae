import type { BookingDeps } from '../booking/deps.ts'
import { expireHold, expireHolds } from '../booking/expire-holds.ts'
import { inEhr, workerCall } from './ehr-job.ts'
import { DONE, type Handler } from './handlers.ts'

/** Told how long after its expiry a hold was ended, in milliseconds. */
export type ExpiryObserver = (lateMs: number) => void

/** Ends one hold at its time. The EHR's clock decides; where it is behind ours, the job comes again. */
export function expireHoldJob(deps: BookingDeps, observe: ExpiryObserver): Handler<'expire-hold'> {
  return ({ appointment_id: id }) =>
    inEhr(async () => {
      const { ended, lateMs } = await expireHold(deps, id, workerCall())
      if (ended) observe(lateMs)
      return lateMs < 0 ? { kind: 'later', afterMs: -lateMs } : DONE
    })
}

/** Ends all holds that have run out, whoever made them and whatever became of their jobs. */
export function sweepJob(deps: BookingDeps, observe: ExpiryObserver): Handler<'sweep'> {
  return async () => {
    for (const { lateMs } of await expireHolds(deps, workerCall)) observe(lateMs)
    return DONE
  }
}
