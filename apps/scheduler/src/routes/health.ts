import { ApiError } from '@pushfleet/contract';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { RedisHealth } from '../redis/redis-health.ts';
import { problems } from './replies.ts';

export interface HealthRoutesDeps {
  readonly health: RedisHealth;
  readonly isStopping: () => boolean;
  readonly version: string;
}

const isPublic = { isPublic: true };

export const healthRoutes: FastifyPluginAsyncZod<HealthRoutesDeps> = async (app, { health, isStopping, version }) => {
  app.get(
    '/health',
    {
      config: isPublic,
      schema: {
        summary: 'The process lives',
        response: { 200: z.object({ status: z.literal('ok'), version: z.string() }) },
      },
    },
    () => ({ status: 'ok' as const, version }),
  );

  app.get(
    '/ready',
    {
      config: isPublic,
      schema: {
        summary: 'Redis answers and the process is not stopping',
        response: { 200: z.object({ status: z.literal('ready'), warnings: z.array(z.string()) }), ...problems },
      },
    },
    async () => {
      if (isStopping()) throw new ApiError('not_ready', 'The scheduler is stopping.');
      return { status: 'ready' as const, warnings: (await health.check()).map(({ text }) => text) };
    },
  );
};
