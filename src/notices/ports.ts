import type { Notice, NoticeType } from './notice.ts'

/** Somebody who wants to be told, as WEBHOOKS_FILE names them. The URL can be a secret too: neither it nor a secret is ever logged. */
export interface NoticeEndpoint {
  readonly id: string
  readonly url: string
  /** `whsec_…`; every one of them signs, so that a receiver can change over without a gap. */
  readonly secrets: readonly string[]
  /** The types it asked for; `undefined` means all. */
  readonly types: readonly NoticeType[] | undefined
}

/** What one attempt came to. `why` is for a log or an operator: no URL, no secret, nothing of what the receiver said. */
export type Delivery =
  | { readonly kind: 'delivered' }
  /** 410: the receiver wants no more. */
  | { readonly kind: 'gone' }
  /** Not sent: the address is one that the gateway does not send to. */
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string; readonly status?: number; readonly retryAfterSeconds?: number }

/** Sends a notice once. Never throws for what the receiver or the network does, and never retries. */
export interface NoticeSender {
  send(endpoint: NoticeEndpoint, notice: Notice): Promise<Delivery>
}

/**
 * Which endpoints want no more. Losing it does no harm: the next delivery meets the 410 again. Therefore it may forget after a
 * while, and it never throws: what cannot be told counts as not disabled.
 */
export interface EndpointStates {
  isDisabled(key: string): Promise<boolean>
  disable(key: string): Promise<void>
}
