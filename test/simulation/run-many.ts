import { planOf, type Plan } from './plan.ts'
import { simulate, type RunResult } from './simulate.ts'
import type { Theme } from './themes.ts'

/** With `SIMULATION_SEED` only that run is made, and told in full; `SIMULATION_RUNS` says how many runs of each theme there are. */
const { SIMULATION_SEED, SIMULATION_RUNS, TEST_FULL } = process.env
const RUNS = Number(SIMULATION_RUNS ?? (TEST_FULL === '1' ? 10_000 : 2_500))
/** Far more than the runs of a theme take, in milliseconds: a machine may be busy. */
export const SIMULATION_TIMEOUT_MS = 60_000 + RUNS * 60

/**
 * Makes runs of a theme, each with its own seed.
 * @param expected how often per run something has to happen at least (`effect`: a write; otherwise an answer), or nothing was tried
 * @throws Error for the first run that breaks something: its seed, the smallest plan that still breaks it, and all that happened in it
 */
export async function simulateMany(theme: Theme, expected: Readonly<Record<string, number>>): Promise<void> {
  if (SIMULATION_SEED !== undefined) return replay(theme, Number(SIMULATION_SEED))
  const happened = new Map<string, number>()
  const first = Math.floor(Math.random() * 1_000_000_000)
  for (let seed = first; seed < first + RUNS; seed++) {
    const plan = planOf(theme, seed)
    const result = await simulate(plan, theme.weather)
    if (result.violations.length > 0) throw await failure(theme, plan)
    for (const each of happenedIn(result)) happened.set(each, (happened.get(each) ?? 0) + 1)
  }
  const missed = Object.entries(expected).filter(([what, rate]) => (happened.get(what) ?? 0) < rate * RUNS)
  if (missed.length > 0 && RUNS >= 100)
    throw new Error(`in ${RUNS} runs there was too little ${missed.map(([what]) => what).join(', ')}: ${JSON.stringify([...happened])}`)
}

async function replay(theme: Theme, seed: number): Promise<void> {
  const plan = planOf(theme, seed)
  const { violations } = await simulate(plan, theme.weather)
  if (violations.length > 0) throw await failure(theme, plan)
  console.log(await tell(theme, plan))
}

async function failure(theme: Theme, plan: Plan): Promise<Error> {
  const small = await smallest(theme, plan)
  const { violations } = await simulate(small, theme.weather)
  const again = `Again with: SIMULATION_SEED=${plan.seed} npm test -- --unit simulation`
  return new Error([violations[0], again, await tell(theme, small), ...violations.map((each) => `BROKEN: ${each}`)].join('\n'))
}

/** A plan and all that happens in it. */
async function tell(theme: Theme, plan: Plan): Promise<string> {
  const lines: string[] = []
  await simulate(plan, theme.weather, (line) => lines.push(line))
  return [`seed ${plan.seed} of "${theme.name}"`, JSON.stringify(plan, null, 1), ...lines].join('\n')
}

/** Leaves out one deed after the other, as long as something is still broken. */
async function smallest(theme: Theme, plan: Plan): Promise<Plan> {
  for (const part of ['storm', 'before'] as const) {
    for (const deed of plan[part]) {
      const without = { ...plan, [part]: plan[part].filter(({ id }) => id !== deed.id) }
      const { violations } = await simulate(without, theme.weather)
      if (violations.length > 0) return smallest(theme, without)
    }
  }
  return plan
}

function happenedIn({ effects, answers }: RunResult): string[] {
  return [...answers, ...Array.from({ length: effects }, () => 'effect')]
}
