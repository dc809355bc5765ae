import type { FastifyInstance } from 'fastify'
import type { Gateway } from '../desk/gateway.ts'
import { dialogflowCxRoutes } from './dialogflow-cx.ts'
import { rasaRoutes } from './rasa.ts'
import { retellRoutes } from './retell.ts'
import { toolRoutes } from './tool-routes.ts'
import { vapiRoutes } from './vapi.ts'

/** Everything under `/channels`, and `/openapi.gpt.json`. */
export function channelRoutes(app: FastifyInstance, gateway: Gateway): void {
  for (const install of [toolRoutes, vapiRoutes, retellRoutes, dialogflowCxRoutes, rasaRoutes]) install(app, gateway)
}
