import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Servers } from '../../test/torture/chaos.ts'
import type { Part } from '../stack/part.ts'
import type { Stack } from '../stack/stack.ts'

/** What can be done to the servers of a stack. */
export function serversOf(stack: Stack): Servers {
  const redis = partOf(stack, 'redis')
  const hapi = partOf(stack, 'hapi')
  return {
    flushRedis: () => onRedis(stack, (connection) => connection.flushall()),
    freezeRedis: async (ms) => {
      const pid = redis.pid()
      if (pid === undefined) return
      process.kill(pid, 'SIGSTOP')
      await sleep(ms)
      process.kill(pid, 'SIGCONT')
    },
    fillRedis: async (ms) => {
      await onRedis(stack, (connection) => connection.config('SET', 'maxmemory', '1'))
      await sleep(ms)
      await onRedis(stack, (connection) => connection.config('SET', 'maxmemory', '0'))
    },
    restartRedis: () => restart(redis),
    restartHapi: () => restart(hapi),
  }
}

async function restart(part: Part): Promise<void> {
  await part.kill()
  await part.start()
}

function partOf(stack: Stack, name: string): Part {
  const part = stack.parts[name]
  if (!part) throw new Error(`the stack has no ${name}`)
  return part
}

async function onRedis(stack: Stack, run: (connection: Redis) => Promise<unknown>): Promise<void> {
  const connection = new Redis(stack.redisUrl)
  try {
    await run(connection)
  } finally {
    connection.disconnect()
  }
}
