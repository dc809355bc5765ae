import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { VERSION } from '../desk/version.ts'

type TransformObject = NonNullable<FastifyDynamicSwaggerOptions['transformObject']>

/** What `GET /openapi.json` says of the whole (OpenAPI 3.1). Paths are described where the routes are. */
export const openApi = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'FHIR scheduling gateway',
      version: VERSION,
      // An SPDX expression; there is no identifier for "all rights reserved".
      license: { name: 'All rights reserved', identifier: 'LicenseRef-proprietary' },
      description:
        'Booking actions for chatbots on FHIR R4 Slot and Appointment. ' +
        'A repeated request has one effect, and two patients never get one time.',
    },
    servers: [{ url: '/' }],
    components: { securitySchemes: { clientKey: { type: 'http' as const, scheme: 'bearer' } } },
    security: [{ clientKey: [] }],
  },
  transform: jsonSchemaTransform,
  transformObject: ((document) => withoutUnused(jsonSchemaTransformObject(document))) satisfies TransformObject,
}

/** The provider adds a second form of each named schema, for requests. One that nothing refers to would only clutter generated clients. */
function withoutUnused(document: ReturnType<TransformObject>): ReturnType<TransformObject> {
  const schemas = 'components' in document ? document.components.schemas : undefined
  if (!schemas) return document
  const isUsed = (name: string): boolean => JSON.stringify(document).includes(`"#/components/schemas/${name}"`)
  for (let unused = ['']; unused.length > 0;) {
    unused = Object.keys(schemas).filter((name) => !isUsed(name))
    // A schema can be used by an unused one alone, so once more.
    for (const name of unused) Reflect.deleteProperty(schemas, name)
  }
  return document
}
