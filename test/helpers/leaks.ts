import { Redis } from 'ioredis'

/** What must not be found: a name for the report, and the text. */
export type Secrets = Readonly<Record<string, string>>

/** The secrets that stand in a text in any of the ways in which they could: as they are, in other case, escaped in a URL, as bytes. */
export function leaksIn(text: string, secrets: Secrets): string[] {
  const haystack = [text, withoutEscapes(text), bytesAsText(text)].join('\n').toLowerCase()
  return Object.entries(secrets).flatMap(([name, secret]) => (spellings(secret).some((one) => haystack.includes(one)) ? [name] : []))
}

function spellings(secret: string): string[] {
  const encodings = ['base64', 'base64url', 'hex'] as const
  return [secret, encodeURIComponent(secret), ...encodings.map((encoding) => Buffer.from(secret).toString(encoding))].map((one) =>
    one.toLowerCase(),
  )
}

function withoutEscapes(text: string): string {
  return text.replace(/(%[0-9a-f]{2})+/gi, (escaped) => Buffer.from(escaped.replaceAll('%', ''), 'hex').toString('utf8'))
}

/** A logged Buffer is a list of numbers. */
function bytesAsText(text: string): string {
  return [...text.matchAll(/\[(\d{1,3}(?:,\d{1,3})+)\]/g)]
    .map(([, numbers]) => Buffer.from((numbers ?? '').split(',').map(Number)).toString('latin1'))
    .join('\n')
}

/** Everything that Redis holds, key by key. */
export async function redisContents(): Promise<string[]> {
  const redis = new Redis(process.env['TEST_REDIS_URL']!)
  try {
    const keys = await redis.keys('*')
    return await Promise.all(keys.map(async (key) => `${key} ${JSON.stringify(await valueOf(redis, key))}`))
  } finally {
    redis.disconnect()
  }
}

async function valueOf(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key)
  switch (type) {
    case 'string':
      return redis.get(key)
    case 'hash':
      return redis.hgetall(key)
    case 'list':
      return redis.lrange(key, 0, -1)
    case 'set':
      return redis.smembers(key)
    case 'zset':
      return redis.zrange(key, '0', '-1')
    case 'stream':
      return redis.xrange(key, '-', '+')
    default:
      if (type === 'none') return null // it has just run out
      throw new Error(`a key of type ${type} cannot be searched yet`)
  }
}
