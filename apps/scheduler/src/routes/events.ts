import sse from '@fastify/sse';
import { fleetEventSchema } from '@pushfleet/contract';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { EventLog, NumberedEvent } from '../events/event-log.ts';
import { EventQueue } from '../events/event-queue.ts';
import type { EventTail } from '../events/event-tail.ts';
import { compareStreamIds } from '../events/stream-id.ts';
import type { LiveFeed } from '../live/live-feed.ts';
import { parseCursor } from '../live/live-log.ts';
import type { RedisContact } from '../redis/redis-contact.ts';
import { throwUnavailable } from '../redis/unavailable.ts';
import { limitSchema, problems } from './replies.ts';

export interface EventRoutesDeps {
  readonly events: EventLog;
  readonly tail: EventTail;
  readonly contact: RedisContact;
  readonly live: LiveFeed;
}

const HEARTBEAT_MS = 15_000;
/** How soon a client that has lost its connection comes back. */
const RECONNECT_MS = 1_000;
/** The id of an event, or the `id` of a message of the live feed, which begins with one. */
const streamId = z
  .string()
  .regex(/^\d{1,19}(-\d{1,19})?(~[0-9a-f]{8}\.\d{1,15})?$/, 'the id of an event has the form 1700000000000-0');

/** Server-sent events of the whole fleet. Ids are those of the Redis stream; `Last-Event-ID` resumes after that one. */
export const eventRoutes: FastifyPluginAsyncZod<EventRoutesDeps> = async (app, { events, tail, contact, live }) => {
  await app.register(sse.default, { heartbeatInterval: HEARTBEAT_MS });

  async function sendLive(reply: FastifyReply, after: string | undefined): Promise<void> {
    const view = await live.open();
    reply.sse.keepAlive();
    await reply.sse.send({ retry: RECONNECT_MS, data: undefined });
    if (!reply.sse.isConnected) return;
    reply.sse.onClose(live.join(view, reply.raw, after));
  }

  app.get(
    '/events',
    {
      sse: 'only',
      schema: {
        summary: 'Events as they happen',
        description:
          'Server-sent events. When events after `Last-Event-ID` are gone, the first message is `event: reset`. While Redis is away nothing is heard of: `event: stale` says so, with `stale` and `as_of`, and says when it is back.\n\nWith `live=1` it is the feed of the dashboard instead: a snapshot of pushes, streams and workers, then what changes, once a second.',
        produces: ['text/event-stream'],
        headers: z.looseObject({ 'last-event-id': streamId.optional() }),
        querystring: z.strictObject({
          since: streamId.optional().describe('as Last-Event-ID, for clients that cannot send it'),
          push: z.string().optional(),
          stream: z.string().optional(),
          live: z.literal('1').optional().describe('the feed of the dashboard; push and stream do not narrow it'),
        }),
      },
    },
    async ({ headers, query }, reply) => {
      const after = headers['last-event-id'] ?? query.since;
      if (query.live !== undefined) return sendLive(reply, after);
      const { push, stream } = query;
      const isWanted = ({ event }: NumberedEvent) =>
        (push === undefined || event.push === push) && (stream === undefined || event.stream === stream);
      const queue = new EventQueue(isWanted);
      // Subscribed before the past is read, so that nothing falls between the two.
      const unsubscribe = tail.subscribe((event) => queue.push(event));
      const tellStale = () =>
        reply.sse.send({ event: 'stale', data: { stale: contact.isAway, as_of: contact.asOf } }).catch(() => {});
      const endContact = contact.onChange(() => void tellStale());
      reply.sse.onClose(() => {
        unsubscribe();
        endContact();
        queue.close();
      });
      reply.sse.keepAlive();
      // Also opens the answer: headers alone would wait for the first event.
      await reply.sse.send({ retry: RECONNECT_MS, data: undefined });
      if (contact.isAway) await tellStale();
      const send = ({ id, event }: NumberedEvent) => reply.sse.send({ id, event: event.event, data: event });
      try {
        if (after !== undefined) {
          const { event: last } = parseCursor(after);
          const oldest = await events.oldestId().catch(throwUnavailable);
          if (oldest !== undefined && compareStreamIds(last, oldest) < 0)
            await reply.sse.send({ event: 'reset', data: { oldest } });
          for await (const page of events.after(last)) {
            for (const event of page) {
              if (isWanted(event)) await send(event);
              queue.skipTo(event.id);
            }
          }
        }
        for await (const event of queue) await send(event);
      } finally {
        unsubscribe();
        endContact();
        reply.sse.close();
      }
    },
  );

  app.get(
    '/events/recent',
    {
      schema: {
        summary: 'The newest events, newest first',
        querystring: z.strictObject({ limit: limitSchema(500, 5_000) }),
        response: { 200: z.object({ events: z.array(fleetEventSchema.extend({ id: z.string() })) }), ...problems },
      },
    },
    async ({ query }) => {
      const found = await events.newest(query.limit).catch(throwUnavailable);
      return { events: found.map(({ id, event }) => ({ id, ...event })) };
    },
  );

  app.get(
    '/live',
    {
      schema: {
        summary: 'All pushes, streams and workers at once, in short',
        description: 'What the feed of the dashboard (`/events?live=1`) begins with: rows in the order of `columns`.',
        response: { 200: z.string().describe('JSON, see `LiveSnapshot` of the contract'), ...problems },
      },
    },
    async (_request, reply) => {
      const json = await live.snapshot();
      return reply
        .type('application/json; charset=utf-8')
        .header('cache-control', 'no-store')
        .serializer((text: unknown) => text as string)
        .send(json);
    },
  );
};
