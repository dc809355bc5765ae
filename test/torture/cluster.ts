import type { Api } from '../helpers/api.ts'
import { freePort, startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'

/** Which process of a cluster: `api0`, `worker1`, … */
export type Member = `${'api' | 'worker'}${number}`

/** How a cluster is started. */
export interface ClusterOptions {
  readonly fhirBaseUrl: string
  readonly redisUrl: string
  readonly apis: number
  readonly workers: number
  readonly mapping?: Record<string, unknown>
}

/** Several gateway and worker processes of one clinic; each keeps its port when it is started anew. */
export class Cluster {
  readonly #options: ClusterOptions
  readonly #ports = new Map<Member, number>()
  readonly #running = new Map<Member, GatewayProcess>()

  private constructor(options: ClusterOptions) {
    this.#options = options
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options)
    const members = (role: 'api' | 'worker', count: number): Member[] => Array.from({ length: count }, (_, index) => `${role}${index}` as const)
    for (const member of [...members('api', options.apis), ...members('worker', options.workers)]) {
      cluster.#ports.set(member, await freePort())
      await cluster.start(member)
    }
    return cluster
  }

  get members(): readonly Member[] {
    return [...this.#ports.keys()]
  }

  /** The doors; the same addresses before and after a restart. */
  get apis(): readonly Api[] {
    return this.members.filter((member) => member.startsWith('api')).map((member) => this.process(member).api)
  }

  /** The first door. */
  get api(): Api {
    return this.process('api0').api
  }

  async kill(member: Member): Promise<void> {
    await this.process(member).stop('SIGKILL')
  }

  /** Starts a member, and waits until an api is ready; one that cannot become so (the EHR is down) is waited for elsewhere. */
  async start(member: Member, until?: 'ready' | 'live'): Promise<void> {
    const role = member.startsWith('api') ? 'api' : 'worker'
    const { fhirBaseUrl, redisUrl, mapping } = this.#options
    const process = await startGateway({
      fhirBaseUrl,
      role,
      port: this.#ports.get(member) ?? 0,
      until: until ?? (role === 'api' ? 'ready' : 'live'),
      environment: { REDIS_URL: redisUrl, LOG_LEVEL: 'fatal', RATE_LIMIT_PER_MINUTE: '1000000' },
      ...(mapping && { mapping }),
    })
    this.#running.set(member, process)
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map((process) => process.stop()))
  }

  /** The process that runs, or ran last, as a member. */
  process(member: Member): GatewayProcess {
    const process = this.#running.get(member)
    if (!process) throw new Error(`${member} was never started`)
    return process
  }
}
