import { pushPatchSchema } from '@pushfleet/config';
import {
  addRequestSchema,
  attemptsViewSchema,
  type DesiredPush,
  fleetEventSchema,
  pushDetailSchema,
  pushJobId,
  pushQueueName,
  pushViewSchema,
} from '@pushfleet/contract';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { ConfigFile } from '../config-file/config-file.ts';
import type { EventLog } from '../events/event-log.ts';
import { optionsOf } from '../push/derived.ts';
import { pushConfig } from '../push/push-config.ts';
import { afterCursor, cursorAfter, pushFilter } from '../push/push-query.ts';
import type { PushService } from '../push/push-service.ts';
import type { RedisContact } from '../redis/redis-contact.ts';
import type { FleetStatus } from '../status/fleet-status.ts';
import type { Journals } from '../status/journals.ts';
import type { StatusReader } from '../status/status-reader.ts';
import { waitForEffect } from '../status/wait-for-effect.ts';
import { apiActor } from './api-actor.ts';
import { limitSchema, markStale, problems, staleness, waitSchema } from './replies.ts';

export interface PushRoutesDeps {
  readonly pushes: PushService;
  readonly status: StatusReader;
  readonly fleetStatus: FleetStatus;
  readonly journals: Journals;
  readonly events: EventLog;
  readonly contact: RedisContact;
  /** The config file, if there is one. */
  readonly file: () => ConfigFile | undefined;
}

const idParams = z.object({ id: z.string().min(1).max(64) });
/** The intake queue's request without its version: both ways in take the same. */
const newPushSchema = addRequestSchema.omit({ v: true }).meta({ id: 'NewPush' });

const listSchema = z
  .object({
    pushes: z.array(pushViewSchema),
    next: z.string().nullable().describe('cursor of the next page'),
    estimated_count: z.int().describe('pushes that match, on all pages'),
    ...staleness,
  })
  .meta({ id: 'Pushes' });

export const pushRoutes: FastifyPluginAsyncZod<PushRoutesDeps> = async (app, deps) => {
  const { pushes, status, fleetStatus, journals, events, contact, file } = deps;

  /** The push as it is after `waitMs`, or as soon as the change has taken effect. */
  async function answer(reply: FastifyReply, push: DesiredPush, waitMs = 0) {
    const look = async () => status.view(waitMs === 0 ? push : await pushes.get(push.id));
    const { view, stale } = await waitForEffect(look, waitMs);
    markStale(reply, stale, contact);
    return view;
  }

  function placeOf({ origin, stream, url }: DesiredPush) {
    const line = origin === 'file' ? file()?.lineOf(stream, url) : undefined;
    return line === undefined ? null : { file: file()!.path, line };
  }

  app.get(
    '/pushes',
    {
      schema: {
        summary: 'List pushes',
        querystring: z.strictObject({
          status: z.string().optional().describe('one or more, separated by commas'),
          stream: z.string().optional(),
          worker: z.string().optional().describe('name of the holder'),
          q: z.string().max(500).optional().describe('words, for example `status:retry host:youtube stream:cam*`'),
          limit: limitSchema(100, 1_000),
          cursor: z.string().optional().describe('`next` of the page before'),
        }),
        response: { 200: listSchema, ...problems },
      },
    },
    async ({ query }, reply) => {
      const { pushes: listed, snapshot } = await fleetStatus.list();
      const matching = listed.filter(pushFilter(query));
      const isAfter = afterCursor(query.cursor);
      const rest = matching.filter(({ push }) => isAfter(push));
      const page = rest.slice(0, query.limit).map(({ push }) => push);
      const { views, stale } = await status.views(page, snapshot);
      return {
        pushes: views,
        next: rest.length > page.length ? cursorAfter(page.at(-1)!) : null,
        estimated_count: matching.length,
        ...markStale(reply, stale, contact),
      };
    },
  );

  app.post(
    '/pushes',
    {
      schema: {
        summary: 'Add a push',
        body: newPushSchema,
        querystring: z.strictObject({ wait: waitSchema }),
        response: { 201: pushViewSchema, ...problems },
      },
    },
    async ({ body: { id, stream, ...spec }, query }, reply) => {
      const push = await pushes.create({ id, stream, spec }, apiActor);
      reply.code(201).header('location', `/api/v1/pushes/${push.id}`);
      return answer(reply, push, query.wait);
    },
  );

  app.get(
    '/pushes/:id',
    { schema: { summary: 'One push', params: idParams, response: { 200: pushDetailSchema, ...problems } } },
    async ({ params }, reply) => {
      const push = await pushes.get(params.id);
      const view = await answer(reply, push);
      const job = { queue: pushQueueName(optionsOf(push).pool), id: pushJobId(push.id) };
      return { ...view, config: pushConfig(push, placeOf(push)), job };
    },
  );

  app.patch(
    '/pushes/:id',
    {
      schema: {
        summary: 'Change a push',
        description: 'JSON Merge Patch, RFC 7396: an absent member never changes, null goes back to the default.',
        consumes: ['application/merge-patch+json', 'application/json'],
        params: idParams,
        body: pushPatchSchema,
        querystring: z.strictObject({ wait: waitSchema }),
        response: { 200: pushViewSchema, ...problems },
      },
    },
    async ({ params, body, query }, reply) => answer(reply, await pushes.patch(params.id, body, apiActor), query.wait),
  );

  app.delete(
    '/pushes/:id',
    { schema: { summary: 'Remove a push', params: idParams, response: { 204: z.null(), ...problems } } },
    async ({ params }, reply) => {
      await pushes.remove(params.id, apiActor);
      return reply.code(204).send(null);
    },
  );

  for (const action of ['pause', 'resume', 'restart'] as const) {
    app.post(
      `/pushes/:id/${action}`,
      {
        schema: {
          summary: `${action[0]!.toUpperCase()}${action.slice(1)} a push`,
          params: idParams,
          querystring: z.strictObject({ wait: waitSchema }),
          response: { 202: pushViewSchema, ...problems },
        },
      },
      async ({ params, query }, reply) => {
        const push = await pushes[action](params.id, apiActor);
        reply.code(202);
        return answer(reply, push, query.wait);
      },
    );
  }

  app.get(
    '/pushes/:id/attempts',
    {
      schema: { summary: 'The last 50 attempts', params: idParams, response: { 200: attemptsViewSchema, ...problems } },
    },
    async ({ params }) => ({ attempts: await journals.read((await pushes.get(params.id)).id) }),
  );

  app.get(
    '/pushes/:id/events',
    {
      schema: {
        summary: 'The newest events of a push, newest first',
        params: idParams,
        querystring: z.strictObject({ limit: limitSchema(100, 1_000) }),
        response: { 200: z.object({ events: z.array(fleetEventSchema.extend({ id: z.string() })) }), ...problems },
      },
    },
    async ({ params, query }) => {
      const found = await events.ofPush((await pushes.get(params.id)).id, query.limit);
      return { events: found.map(({ id, event }) => ({ id, ...event })) };
    },
  );
};
