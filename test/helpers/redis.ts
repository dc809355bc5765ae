import { Redis } from 'ioredis'

let taken = 0

/** A database of its own on the tests' Redis, so that a worker meets no jobs of other tests. */
export function ownRedisUrl(): string {
  const base = process.env['TEST_REDIS_URL']
  if (base === undefined) throw new Error('TEST_REDIS_URL is not set: run this test through "npm test", which starts the servers.')
  // One for each test file and call; 0 is everybody else's.
  taken++
  return `${base}/${1 + ((process.pid + taken) % 15)}`
}

/** Runs commands on a Redis of the tests. */
export async function onRedis<T>(url: string, run: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url)
  try {
    return await run(redis)
  } finally {
    redis.disconnect()
  }
}

/** Everything in a database, keys and values, as text. */
export async function contentOf(url: string): Promise<string> {
  return onRedis(url, async (redis) => {
    const keys = await redis.keys('*')
    const values = await Promise.all(keys.map((key) => valueOf(redis, key)))
    return [...keys, ...values].join('\n')
  })
}

async function valueOf(redis: Redis, key: string): Promise<string> {
  switch (await redis.type(key)) {
    case 'string':
      return (await redis.get(key)) ?? ''
    case 'hash':
      return JSON.stringify(await redis.hgetall(key))
    case 'list':
      return JSON.stringify(await redis.lrange(key, 0, -1))
    case 'zset':
      return JSON.stringify(await redis.zrange(key, '0', '-1'))
    case 'set':
      return JSON.stringify(await redis.smembers(key))
    default:
      return JSON.stringify(await redis.xrange(key, '-', '+'))
  }
}
