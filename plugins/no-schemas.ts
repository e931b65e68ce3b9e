/**
 * Fastify's `schemaController` without schema support, which saves loading ajv (130 files). A route with a schema is
 * refused, otherwise it would go unchecked.
 */
import type { FastifyServerOptions } from 'fastify'

const refuse = (): never => {
  throw new Error(
    'This server takes no route schemas: give it @fastify/ajv-compiler before a route has one (plugins/no-schemas.ts).'
  )
}

export const noSchemas: NonNullable<FastifyServerOptions['schemaController']> = {
  compilersFactory: { buildValidator: refuse, buildSerializer: refuse }
}
