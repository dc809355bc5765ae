import { appointmentIdOf } from '../fhir/appointment.ts'
import { formatUtc } from '../fhir/instant.ts'
import { doubtAbout, type Finding } from './finding.ts'
import { isHold } from './sighting.ts'
import type { Window, WindowVisit } from './window.ts'

/**
 * Pairs of live visits that keep one exclusive actor busy at the same time, at least one of them made by the gateway. Each pair
 * once, whatever they share. What is over by now is left out: nobody can do anything about it.
 */
export function overlapDoubts(window: Window): Finding[] {
  const pairs = new Map<string, Finding>()
  for (const visits of byActor(window).values()) {
    for (const [index, first] of visits.entries()) {
      for (let next = index + 1; next < visits.length; next++) {
        const second = visits[next]
        if (!second || second.start >= first.end) break
        if (Math.min(first.end, second.end) > window.now && isOurConcern(first, second)) add(pairs, first, second)
      }
    }
  }
  return [...pairs.values()]
}

/** Live visits, holds apart, by the actors they keep busy, soonest first. */
function byActor(window: Window): Map<string, WindowVisit[]> {
  const groups = new Map<string, WindowVisit[]>()
  const live = window.visits.filter((visit) => !isHold(visit.appointment))
  for (const visit of [...live].sort((a, b) => a.start - b.start)) {
    for (const actor of visit.actors) groups.set(actor, [...(groups.get(actor) ?? []), visit])
  }
  return groups
}

/** Two Appointments with one gateway id are another doubt. */
function isOurConcern(a: WindowVisit, b: WindowVisit): boolean {
  return appointmentIdOf(a.appointment) !== appointmentIdOf(b.appointment)
}

function add(pairs: Map<string, Finding>, first: WindowVisit, second: WindowVisit): void {
  const both = [first, second].map((visit) => visit.appointment).sort((a, b) => ((a.id ?? '') < (b.id ?? '') ? -1 : 1))
  // The time belongs to the key: when staff have parted them and they meet again another day, that is a new doubt.
  const mark = [...both.map((appointment) => appointment.id ?? ''), formatUtc(second.start)].join(' ')
  pairs.set(mark, doubtAbout('overlap', both, [], mark))
}
