import type { Answer } from './act.ts'
import { Cluster } from './cluster.ts'
import { CommitWatch } from './commit-watch.ts'
import type { Deed, Plan } from './plan.ts'
import { Story } from './story.ts'
import { unjustRefusals } from './refusals.ts'
import { CALM, type Weather } from './themes.ts'
import { brokenPromises } from './verdict.ts'
import { inVirtualTime } from './virtual-time.ts'

/** What one run showed. */
export interface RunResult {
  readonly violations: readonly string[]
  /** Writes that took effect, and requests by what they were told. */
  readonly effects: number
  readonly answers: readonly string[]
}

/** Plays a plan: first what was before, in calm weather, then the storm, then what is left when everything has come to rest. */
export async function simulate(plan: Plan, weather: Weather, trace?: (line: string) => void): Promise<RunResult> {
  const cluster = new Cluster(plan)
  const story = new Story(plan, cluster, trace)
  const watch = new CommitWatch(cluster, story, { buffers: plan.storm.every(({ kind }) => !CHANGES_SCHEDULES.includes(kind)) })
  const unjust = await inVirtualTime(cluster.time, async () => {
    for (const deed of plan.before) {
      story.begin(deed)
      await cluster.time.run()
    }
    cluster.weather = weather
    for (const deed of plan.storm) story.begin(deed)
    await cluster.time.run()
    cluster.weather = CALM
    await sweepUp(plan, cluster, story)
    return unjustRefusals(cluster, story, watch)
  })
  return {
    violations: [...watch.violations, ...brokenPromises(cluster.store, story, watch), ...leftOver(cluster), ...unjust],
    effects: watch.effects.length,
    answers: story.ledger.attempts.filter(({ request }) => request !== undefined).map(({ answer }) => nameOf(answer)),
  }
}

function nameOf(answer: Answer | undefined): string {
  return answer?.kind === 'refused' ? answer.code : (answer?.kind ?? 'silence')
}

/** When every hold has run out, a sweep ends them all. */
async function sweepUp(plan: Plan, cluster: Cluster, story: Story): Promise<void> {
  const last: Deed = { ...SWEEP, atMs: plan.world.ttlSeconds * 1000 + 1 }
  story.begin(last)
  await cluster.time.run()
}

/** After these a visit that stands may have Slots in its buffers that were not there, or not the same actor's, when it was made. */
const CHANGES_SCHEDULES: readonly Deed['kind'][] = ['new-schedule', 'shared-room']

const SWEEP: Deed = {
  id: 900,
  kind: 'sweep',
  atMs: 0,
  process: 0,
  anyPatient: false,
  slot: 0,
  type: 'short',
  twin: false,
  retries: 0,
  settles: false,
  expectsVersion: false,
}

/** P3: nothing half-done stays. */
function leftOver(cluster: Cluster): string[] {
  const { store } = cluster
  const pending = store.all('Appointment').filter(({ status }) => status === 'pending')
  const tentative = store.all('Slot').filter(({ status }) => status === 'busy-tentative')
  return [...pending, ...tentative].map((resource) => `${resource.resourceType}/${resource.id ?? ''} is left over after the last sweep`)
}
