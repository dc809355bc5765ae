import { act } from './act.ts'
import { depsOf, type Cluster } from './cluster.ts'
import type { CommitWatch } from './commit-watch.ts'
import { ANSWER_WITHIN_MS, type Attempt } from './ledger.ts'
import { MemoryDirectories } from './memory-directories.ts'
import { MemoryEhr } from './memory-ehr.ts'
import type { Story } from './story.ts'

/** Refusals that say nothing about how things stand. */
const NO_VERDICT = ['contention', 'ehr_unavailable', 'ehr_rejected']

/**
 * Every refusal has to be one that the gateway, alone with the EHR, would have given at some moment while the request was under way: one
 * that mixes moments, or a state that never was, tells a caller that free time is taken. The same action is asked again at each of those
 * moments, on the EHR as it was then.
 */
export async function unjustRefusals(cluster: Cluster, story: Story, watch: CommitWatch): Promise<string[]> {
  const found: string[] = []
  for (const attempt of story.ledger.attempts) {
    const { answer, requestId } = attempt
    if (answer?.kind !== 'refused' || NO_VERDICT.includes(answer.code)) continue
    if (!(await wasEverRefused(cluster, attempt, watch))) found.push(`${requestId} was refused (${answer.code}), but at no moment had to be`)
  }
  return found
}

async function wasEverRefused(cluster: Cluster, attempt: Attempt, watch: CommitWatch): Promise<boolean> {
  const { invokedCommit, invokedAt, returnedCommit = 0, returnedAt = 0 } = attempt
  if (await isRefused(cluster, attempt, returnedCommit, returnedAt)) return true
  for (let commit = invokedCommit; commit <= returnedCommit; commit++) {
    const at = Math.max(invokedAt, watch.times.get(commit) ?? 0)
    if (await isRefused(cluster, attempt, commit, at)) return true
  }
  return false
}

async function isRefused(cluster: Cluster, attempt: Attempt, commit: number, at: number): Promise<boolean> {
  if (!attempt.request) return false
  const past = cluster.store.at(commit, () => at)
  const deps = depsOf(new MemoryEhr(past), new MemoryDirectories(past), cluster.mapping)
  const call = { requestId: 'again', clientId: 'bot', deadline: performance.now() + ANSWER_WITHIN_MS, roundTrips: 0 }
  const asked = act(deps, attempt.request, call)
  await cluster.time.run()
  return (await asked).kind === 'refused'
}
