import { setTimeout as sleep } from 'node:timers/promises'
import type { Api } from '../helpers/api.ts'
import { PatientLife } from './patient-life.ts'
import type { Random } from './random.ts'
import type { VisitRequest } from './slot-history.ts'
import type { World } from './world.ts'

/** What a load came to. */
export interface LoadReport {
  readonly lives: readonly PatientLife[]
  readonly history: readonly VisitRequest[]
  readonly seconds: number
}

/** Until when a load goes on, and how fast. */
export interface LoadPlan {
  /** Ends after so many requests … */
  readonly requests?: number
  /** … or when this says so. */
  readonly isOver?: () => boolean
  /** Requests a second at most. */
  readonly perSecond?: number
}

/** All patients of a world at the same time, each doing one thing after the other. */
export async function runMixedLoad(world: World, apis: readonly Api[], random: Random, plan: LoadPlan): Promise<LoadReport> {
  const started = performance.now()
  const history: VisitRequest[] = []
  const lives = world.patients.map((patient) => new PatientLife(patient, world, apis, random.fork(), history))
  const isOver = (): boolean => history.length >= (plan.requests ?? Infinity) || (plan.isOver?.() ?? false)
  const waitTurn = pacing(plan.perSecond)
  const live = async (life: PatientLife): Promise<void> => {
    while (!isOver() && life.holding.kind !== 'lost') {
      await waitTurn()
      await life.step()
    }
  }
  await Promise.all(lives.map(live))
  return { lives, history, seconds: (performance.now() - started) / 1000 }
}

/** Gives out turns at an even pace. */
function pacing(perSecond = Infinity): () => Promise<void> {
  let next = performance.now()
  return async () => {
    const now = performance.now()
    next = Math.max(next, now) + 1000 / perSecond
    const wait = next - 1000 / perSecond - now
    if (wait > 0) await sleep(wait)
  }
}
