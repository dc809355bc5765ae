import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Gateway } from '../desk/gateway.ts'
import { isResourceId } from '../fhir/query.ts'
import { callOf } from '../http/request-context.ts'
import { clinicFacts } from './clinic-facts.ts'
import { ehrHistory } from './ehr-history.ts'

const PAGE_DIRECTORY = join(import.meta.dirname, 'page')
/** Nothing comes from elsewhere, and nothing stands inline: a script that slipped into a text could not run. */
const POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * The chat page at `/demo`, for seeing and showing the product. It is a chatbot like any other: it uses the MCP door with a client
 * key. What it shows of the EHR comes from `/demo/ehr`, which is the reason why none of this is there in production.
 */
export function demoDoor(app: FastifyInstance, gateway: Gateway): void {
  pageRoutes(app)
  app.get('/demo/clinic.json', open, () => clinicFacts(gateway.booking.mapping))
  ehrRoute(app, gateway)
}

const open = { config: { scope: 'public' as const }, schema: { hide: true } }

/** One route per file: a name that is none of them is not found, whatever dots and slashes it has. Read anew for each request, so a reload shows a change. */
function pageRoutes(app: FastifyInstance): void {
  for (const name of readdirSync(PAGE_DIRECTORY)) {
    const type = TYPES[extname(name)]
    if (type === undefined) continue
    app.get(name === 'index.html' ? '/demo' : `/demo/${name}`, open, async (_request, reply) =>
      reply
        .type(type)
        .header('content-security-policy', POLICY)
        .send(await readFile(join(PAGE_DIRECTORY, name))),
    )
  }
}

/** Slots of one visit: a long one on several Schedules with what it had before. */
const MOST_SLOTS = 60
const glanceSchema = z
  .strictObject({
    appointment: z.string().max(128).optional(),
    escalation: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,128}$/)
      .optional(),
    slots: z
      .string()
      .transform((text) => text.split(',').filter((id) => id !== ''))
      .refine((ids) => ids.length <= MOST_SLOTS && ids.every(isResourceId), 'write Slot ids, separated by commas')
      .default([]),
  })
  .refine(({ appointment, escalation }) => appointment !== undefined || escalation !== undefined, 'name an appointment or an escalation')

function ehrRoute(app: FastifyInstance, gateway: Gateway): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    method: 'GET',
    url: '/demo/ehr',
    config: { scope: 'staff' },
    schema: { hide: true, querystring: glanceSchema },
    handler: (request) => {
      const { appointment: appointmentId, escalation: escalationId, slots: slotIds } = request.query
      return ehrHistory(gateway.booking.ehr, { appointmentId, escalationId, slotIds }, callOf(request))
    },
  })
}
