import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { answersPing, ensureRedis } from '../../scripts/stack/redis.ts'
import { freePort } from './gateway-process.ts'
import { until } from './writes.ts'

/** A Redis of a test's own, which may be frozen and stopped. */
export interface RedisProcess {
  readonly url: string
  /** It keeps its connections and answers nobody (SIGSTOP). */
  freeze(): void
  thaw(): void
  stop(): Promise<void>
  start(): Promise<void>
}

/** Starts an empty Redis on a free port. */
export async function startRedis(): Promise<RedisProcess> {
  const server = await ensureRedis()
  const port = await freePort()
  const launch = () =>
    spawn(server, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore' })
  const isUp = () => until('Redis answers', 10_000, () => answersPing(port))
  let child = launch()
  await isUp()
  return {
    url: `redis://127.0.0.1:${port}`,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    stop: async () => {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
    start: async () => {
      child = launch()
      await isUp()
    },
  }
}
