import { ApiError, type ControlMessage, type Keys, workerViewSchema } from '@pushfleet/contract';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { workerView } from '../fleet/fleet-member.ts';
import type { FleetReader } from '../fleet/fleet-reader.ts';
import { scalingSchema } from '../fleet/scaling.ts';
import { throwUnavailable } from '../redis/unavailable.ts';
import type { FleetStatus } from '../status/fleet-status.ts';
import { markStale, problems } from './replies.ts';

export interface WorkerRoutesDeps {
  readonly fleet: FleetReader;
  readonly fleetStatus: FleetStatus;
  readonly redis: Redis;
  readonly keys: Keys;
}

export const workerRoutes: FastifyPluginAsyncZod<WorkerRoutesDeps> = async (
  app,
  { fleet, fleetStatus, redis, keys },
) => {
  app.get(
    '/workers',
    {
      schema: {
        summary: 'List workers',
        response: {
          200: z.object({ workers: z.array(workerViewSchema), stale: z.boolean().optional() }).meta({ id: 'Workers' }),
          ...problems,
        },
      },
    },
    async (_request, reply) => {
      const { value, stale } = await fleet.get();
      markStale(reply, stale);
      return { workers: value.members.map(workerView), ...(stale && { stale }) };
    },
  );

  for (const op of ['drain', 'undrain'] as const) {
    app.post(
      `/workers/:id/${op}`,
      {
        schema: {
          summary: op === 'drain' ? 'Hand the pushes of a worker to the others' : 'Let a worker take pushes again',
          params: z.object({ id: z.string().min(1).max(255).describe('id or name') }),
          response: { 202: workerViewSchema, ...problems },
        },
      },
      async ({ params: { id } }, reply) => {
        const { members } = (await fleet.get()).value;
        const member = members.find((one) => one.id === id) ?? members.find((one) => one.name === id);
        if (member === undefined)
          throw new ApiError('worker_not_found', `There is no worker with the id or name '${id}'.`);
        const message: ControlMessage = { op, worker: member.id };
        await redis.publish(keys.control, JSON.stringify(message)).catch(throwUnavailable);
        reply.code(202);
        return workerView(member);
      },
    );
  }

  app.get(
    '/fleet/scaling',
    { schema: { summary: 'How big the fleet is and should be', response: { 200: scalingSchema, ...problems } } },
    () => fleetStatus.scaling(),
  );
};
