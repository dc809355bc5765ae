/**
 * One operation on one Slot as its caller saw it, on one clock. `taken`: refused because somebody else had it. `unknown`: it may have taken
 * effect at any time after it was sent, later than its answer too, or never. `failed`: certainly without effect.
 */
export interface SlotOperation {
  readonly kind: 'take' | 'give'
  readonly appointment: string
  readonly invoked: number
  readonly returned: number
  readonly outcome: 'ok' | 'taken' | 'unknown' | 'failed'
}

/** What a caller asked for and was told, on the Slots it was about. A visit of several Slots is one request for each of them. */
export type VisitRequest = Omit<SlotOperation, 'kind'> &
  (
    | { readonly kind: 'take' | 'give'; readonly slot: string }
    | { readonly kind: 'move'; readonly from: string; readonly to: string }
    /** A hold that runs out at `invoked`: from then on anybody may end it, or nobody does. */
    | { readonly kind: 'lapse'; readonly slot: string }
  )

/**
 * The history of each Slot. A move is a `give` of the old Slot and a `take` of the new one; where the new one was taken the old one stays.
 * That both happen at once is not looked at here: one Slot is one object. A refusal of a visit of several Slots belongs to none of them,
 * because it does not say which one was taken: leave it out.
 */
export function bySlot(requests: readonly VisitRequest[]): Map<string, SlotOperation[]> {
  const histories = new Map<string, SlotOperation[]>()
  for (const request of requests) {
    for (const [slot, operation] of operationsOf(request)) {
      const history = histories.get(slot) ?? []
      history.push(operation)
      histories.set(slot, history)
    }
  }
  return histories
}

function operationsOf(request: VisitRequest): [string, SlotOperation][] {
  const { appointment, invoked, returned, outcome } = request
  const seen = { appointment, invoked, returned, outcome }
  switch (request.kind) {
    case 'take':
    case 'give':
      return [[request.slot, { ...seen, kind: request.kind }]]
    case 'lapse':
      return [[request.slot, { ...seen, kind: 'give', outcome: 'unknown' }]]
    case 'move': {
      if (request.from === request.to) return []
      const take: [string, SlotOperation] = [request.to, { ...seen, kind: 'take' }]
      return outcome === 'taken' ? [take] : [[request.from, { ...seen, kind: 'give' }], take]
    }
  }
}
