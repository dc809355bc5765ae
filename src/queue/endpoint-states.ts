import type { Redis } from 'ioredis'
import type { EndpointStates } from '../notices/ports.ts'
import { producerConnection } from './connections.ts'

/** An endpoint that said 410 is asked again after a week: losing or forgetting it only means that the next notice meets 410 again. */
const REMEMBERED_SECONDS = 7 * 24 * 60 * 60

/** Keeps in Redis which endpoints want no more. */
export class RedisEndpointStates implements EndpointStates {
  readonly #redis: Redis

  constructor(redisUrl: string) {
    this.#redis = producerConnection(redisUrl)
    // A Redis that is away is told of by the others that use it.
    this.#redis.on('error', () => undefined)
  }

  close(): void {
    this.#redis.disconnect()
  }

  async isDisabled(key: string): Promise<boolean> {
    return this.#redis.exists(nameOf(key)).then(
      (count) => count > 0,
      () => false,
    )
  }

  async disable(key: string): Promise<void> {
    await this.#redis.set(nameOf(key), '1', 'EX', REMEMBERED_SECONDS).catch(() => undefined)
  }
}

function nameOf(key: string): string {
  return `fsg:webhook-gone:${key}`
}
