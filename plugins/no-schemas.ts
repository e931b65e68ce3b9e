/**
 * Fastify's `schemaController` for routes without schemas. Fastify otherwise loads ajv and its serialiser at start, 130 files that no route of
 * ours asks for. A route that has a schema is refused, and not silently left unchecked.
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
