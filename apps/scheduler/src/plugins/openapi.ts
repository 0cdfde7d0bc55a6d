import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';

/** OpenAPI 3.1 at /docs/json, made from the schemas of the routes, and pages to read it at /docs. */
export async function registerOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Pushfleet',
        version,
        description:
          'Copies live streams to other servers and keeps them there. Errors are RFC 9457 problem details with a stable `code`.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'PUSHFLEET_TOKEN' } } },
      security: [{ token: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
}
