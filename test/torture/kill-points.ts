import type { GatewayProcess } from '../helpers/gateway-process.ts'
import type { Fault, SeenRequest, TcpProxy } from '../helpers/tcp-proxy.ts'

/** Named points on the way of a write at which the process that makes it is killed. */
export const KILL_POINTS = ['before the read', 'after the read', 'before the commit', 'while the commit runs', 'after the commit'] as const
export type KillPoint = (typeof KILL_POINTS)[number]

/** The commit has landed after this long, in milliseconds, and its answer is still held back. */
const LANDED_AFTER_MS = 400

/**
 * Kills the process at the point, when its next write gets there.
 * @param requestId the write's; left out: whatever comes by
 * @returns a promise of its end
 */
export function killAt(point: KillPoint, proxy: TcpProxy, victim: () => GatewayProcess, requestId?: string): Promise<void> {
  return new Promise((resolve) => {
    let dead = false
    const kill = (afterMs: number, fault: Fault): Fault => {
      dead = true
      setTimeout(() => void victim().stop('SIGKILL').then(resolve), afterMs)
      return fault
    }
    proxy.rule((request) => {
      if (dead || (requestId !== undefined && request.requestId !== requestId)) return 'pass'
      return at(point, request, kill)
    })
  })
}

function at(point: KillPoint, { kind }: SeenRequest, kill: (afterMs: number, fault: Fault) => Fault): Fault {
  if (point === 'before the read' && kind === 'batch') return kill(0, 'lose-request')
  if (point === 'after the read' && kind === 'batch') return kill(0, 'stall-answer')
  if (point === 'before the commit' && kind === 'transaction') return kill(0, 'lose-request')
  if (point === 'while the commit runs' && kind === 'transaction') return kill(1, 'stall-answer')
  if (point === 'after the commit' && kind === 'transaction') return kill(LANDED_AFTER_MS, 'stall-answer')
  return 'pass'
}
