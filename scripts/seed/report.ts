import { say } from '../stack/console.ts'
import type { LoadProgress } from './load.ts'

const REPORT_EVERY_MS = 3000

/** Prints one line per type when it is done, and one every few seconds in between. */
export function printProgress(started: number): (progress: LoadProgress) => void {
  let last = started
  return (progress) => {
    const done = progress.created + progress.present + progress.kept
    const now = performance.now()
    if (done < progress.total && now - last < REPORT_EVERY_MS) return
    last = now
    const count = done < progress.total ? `${number(done)} of ${number(progress.total)} …` : number(done)
    say(`  ${progress.resourceType.padEnd(18)} ${count.padEnd(16)} ${seconds(started)} s`)
  }
}

/** Says how many visits `--fresh` cancelled. */
export function printCancelled(visits: number): void {
  say(`  ${number(visits)} live visits cancelled`)
}

/** Prints what was new and what was left alone. */
export function printSummary(counts: readonly LoadProgress[], started: number): void {
  const sum = (of: (progress: LoadProgress) => number): number => counts.reduce((total, progress) => total + of(progress), 0)
  const kept = sum((progress) => progress.kept)
  say(
    `\nDone in ${seconds(started)} s: ${number(sum((progress) => progress.created))} new, ${number(sum((progress) => progress.present))} were there before` +
      (kept > 0 ? `, ${number(kept)} left alone (booked, held or changed since)` : ''),
  )
}

/** Prints a first call to the gateway. */
export function printTryIt(): void {
  say('\nWith the gateway running (npm run dev), ask for free times:')
  say("  curl -s -H 'Authorization: Bearer dev-key' 'http://127.0.0.1:3000/availability?type=follow-up'")
}

function number(value: number): string {
  return value.toLocaleString('en')
}

function seconds(started: number): string {
  return ((performance.now() - started) / 1000).toFixed(1)
}
