/** A `schemaController` for Fastify that does not load ajv (130 files) and refuses routes with a schema. */
import type { FastifyServerOptions } from 'fastify'

const refuse = (): never => {
  throw new Error(
    'This server takes no route schemas: give it @fastify/ajv-compiler before a route has one (plugins/no-schemas.ts).'
  )
}

export const noSchemas: NonNullable<FastifyServerOptions['schemaController']> = {
  compilersFactory: { buildValidator: refuse, buildSerializer: refuse }
}
