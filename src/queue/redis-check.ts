import { producerConnection } from './connections.ts'

/** Looks once at how Redis is set up. @returns a warning for each setting that could lose jobs; none where Redis does not answer or does not tell */
export async function examineRedis(redisUrl: string): Promise<string[]> {
  const redis = producerConnection(redisUrl)
  redis.on('error', () => undefined)
  try {
    await new Promise((resolve, reject) => {
      redis.once('ready', resolve)
      redis.once('close', reject)
    })
    return warningsOf(await redis.info())
  } catch {
    return []
  } finally {
    redis.disconnect()
  }
}

function warningsOf(info: string): string[] {
  const setting = (name: string): string | undefined => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]
  const policy = setting('maxmemory_policy')
  const warnings: string[] = []
  if (policy !== undefined && policy !== 'noeviction')
    warnings.push(`Redis evicts keys when it is full (maxmemory-policy ${policy}), and a job can be one of them: set maxmemory-policy noeviction`)
  if (setting('aof_enabled') === '0')
    warnings.push('Redis forgets its jobs when it restarts: set appendonly yes, so that changes accepted while the EHR is down survive')
  return warnings
}
