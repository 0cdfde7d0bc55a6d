import { ApiError, workerViewSchema } from '@pushfleet/contract';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { workerViews } from '../fleet/fleet-member.ts';
import type { FleetReader } from '../fleet/fleet-reader.ts';
import { scalingSchema } from '../fleet/scaling.ts';
import type { DesiredCache } from '../push/desired-cache.ts';
import type { RedisContact } from '../redis/redis-contact.ts';
import type { FleetStatus } from '../status/fleet-status.ts';
import { apiActor } from './api-actor.ts';
import { markStale, problems, staleness } from './replies.ts';

export interface WorkerRoutesDeps {
  readonly fleet: FleetReader;
  readonly fleetStatus: FleetStatus;
  readonly cache: DesiredCache;
  readonly contact: RedisContact;
}

const listSchema = z
  .object({
    workers: z.array(workerViewSchema),
    drains: z
      .array(z.object({ worker: z.string(), by: z.string(), at: z.string() }))
      .describe('the names that shall hold nothing, those without a process included'),
    ...staleness,
  })
  .meta({ id: 'Workers' });

export const workerRoutes: FastifyPluginAsyncZod<WorkerRoutesDeps> = async (
  app,
  { fleet, fleetStatus, cache, contact },
) => {
  app.get(
    '/workers',
    {
      schema: {
        summary: 'List workers',
        response: { 200: listSchema, ...problems },
      },
    },
    async (_request, reply) => {
      const { value, stale } = await fleet.get();
      const drains = [...cache.drains].map(([worker, drain]) => ({ worker, ...drain }));
      return {
        workers: workerViews(value.members, value.live, cache.drains),
        drains,
        ...markStale(reply, stale, contact),
      };
    },
  );

  for (const op of ['drain', 'undrain'] as const) {
    app.post(
      `/workers/:id/${op}`,
      {
        schema: {
          summary: op === 'drain' ? 'Hand the pushes of a worker to the others' : 'Let a worker take pushes again',
          description:
            'Goes with the name of the worker, and holds until it is taken back: also for a process that is started under this name later on.',
          params: z.object({ id: z.string().min(1).max(255).describe('id or name') }),
          response: { 202: workerViewSchema, 204: z.null().describe('no process has this name now'), ...problems },
        },
      },
      async ({ params: { id } }, reply) => {
        const { value } = await fleet.get();
        const member = value.members.find((one) => one.id === id) ?? value.members.find((one) => one.name === id);
        const name = member?.name ?? id;
        if (member === undefined && (op === 'drain' || !cache.drains.has(id)))
          throw new ApiError('worker_not_found', `There is no worker with the id or name '${id}'.`);
        const known = cache.drains.get(name);
        const drain = op === 'drain' ? (known ?? { by: apiActor.by, at: new Date().toISOString() }) : null;
        await cache.saveDrain(name, drain);
        if (member === undefined) return reply.code(204).send(null);
        return reply.code(202).send(workerViews([member], value.live, cache.drains)[0]!);
      },
    );
  }

  app.get(
    '/fleet/scaling',
    { schema: { summary: 'How big the fleet is and should be', response: { 200: scalingSchema, ...problems } } },
    () => fleetStatus.scaling(),
  );
};
