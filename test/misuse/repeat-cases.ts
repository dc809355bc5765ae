import type { Misuse } from './cases.ts'
import type { Told } from './doors.ts'
import { succeed, type Scene } from './scene.ts'

const holdFirst = ({ call, offers, token }: Scene, by = token) => call('hold_time', { slot_id: offers[0], patient_token: by })
const confirm = async ({ call, token }: Scene, hold_id: string) => call('confirm_booking', { hold_id, patient_token: token })
const cancel = async ({ call, token }: Scene, appointment_id: string) => call('cancel', { appointment_id, patient_token: token })

/** All of them have to be told the same; the answer is the last one's. */
async function alike(asked: readonly Promise<Told>[]): Promise<Told> {
  const answers = await Promise.all(asked)
  const ids = new Set(answers.map(({ outcome, body }) => `${outcome} ${String(body['hold_id'] ?? body['appointment_id'])}`))
  if (ids.size !== 1) throw new Error(`told differently: ${[...ids].join(', ')}`)
  return answers.at(-1)!
}

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

export const REPEAT_CASES: readonly Misuse[] = [
  {
    name: 'a hold asked for twice',
    act: async (scene) => {
      await succeed(() => holdFirst(scene))
      return holdFirst(scene)
    },
    outcome: 'ok',
    next: 'confirm_booking',
    live: 1,
    body: { replayed: true },
  },
  { name: 'a hold asked for eight times at once', act: (scene) => alike(times(8).map(() => holdFirst(scene))), outcome: 'ok', live: 1 },
  {
    name: 'a hold confirmed twice',
    act: async (scene) => {
      const id = await scene.hold()
      await succeed(() => confirm(scene, id))
      return confirm(scene, id)
    },
    outcome: 'ok',
    live: 1,
    body: { replayed: true },
  },
  {
    name: 'a hold confirmed eight times at once',
    act: async (scene) => {
      const id = await scene.hold()
      return alike(times(8).map(() => confirm(scene, id)))
    },
    outcome: 'ok',
    live: 1,
  },
  {
    name: 'two patients who take one time at once',
    act: async (scene) => {
      const both = await Promise.all([holdFirst(scene), holdFirst(scene, scene.otherToken)])
      return both.find(({ outcome }) => outcome !== 'ok') ?? both[0]
    },
    outcome: 'slot_taken',
    next: 'hold_time',
    live: 1,
  },
  {
    name: 'cancel, then confirm',
    act: async (scene) => {
      const id = await scene.hold()
      await succeed(() => cancel(scene, id))
      return confirm(scene, id)
    },
    outcome: 'invalid_transition',
    next: 'find_times',
  },
  {
    name: 'a visit cancelled twice',
    act: async (scene) => {
      const id = await scene.book()
      await succeed(() => cancel(scene, id))
      return cancel(scene, id)
    },
    outcome: 'ok',
    next: 'find_times',
    body: { replayed: true },
  },
  {
    name: 'a cancelled visit moved',
    act: async (scene) => {
      const id = await scene.book()
      await succeed(() => cancel(scene, id))
      return scene.call('reschedule', { appointment_id: id, slot_id: scene.offers[1], patient_token: scene.token })
    },
    outcome: 'invalid_transition',
    next: 'find_times',
  },
  {
    name: 'a hold moved as if it were booked',
    act: async (scene) =>
      scene.call('reschedule', { appointment_id: await scene.hold(), slot_id: scene.offers[1], patient_token: scene.token }),
    outcome: 'invalid_transition',
    live: 1,
  },
  {
    name: 'a visit moved twice to the same time',
    act: async (scene) => {
      const move = { appointment_id: await scene.book(), slot_id: scene.offers[1], patient_token: scene.token }
      await succeed(() => scene.call('reschedule', move))
      return scene.call('reschedule', move)
    },
    outcome: 'ok',
    live: 1,
    body: { replayed: true },
  },
  {
    name: 'a patient who says no while the bot confirms (barge-in)',
    act: async (scene) => {
      const id = await scene.hold()
      await Promise.all([confirm(scene, id), cancel(scene, id)])
      return cancel(scene, id)
    },
    outcome: 'ok',
    next: 'find_times',
  },
  {
    name: 'a new time wanted while the old one is still being held',
    act: async (scene) => {
      const [, second] = await Promise.all([
        holdFirst(scene),
        scene.call('hold_time', { slot_id: scene.offers[2], patient_token: scene.token }),
      ])
      return second
    },
    outcome: 'ok',
    live: 2,
  },
  {
    name: 'everything held',
    act: async (scene) => {
      for (const offer of [0, 1, 2]) await scene.hold(offer)
      return scene.call('hold_time', { slot_id: scene.offers[3], patient_token: scene.token })
    },
    outcome: 'policy_refused',
    next: 'ask_for_staff',
    live: 3,
    body: { policy: 'too_many_holds' },
  },
  {
    name: 'one key for two different wishes',
    act: async (scene) => {
      const key = `key ${scene.offers[0]}`
      await succeed(() => scene.call('hold_time', { slot_id: scene.offers[0], patient_token: scene.token }, key))
      return scene.call('hold_time', { slot_id: scene.offers[1], patient_token: scene.token }, key)
    },
    outcome: 'idempotency_key_reused',
    live: 1,
  },
]
