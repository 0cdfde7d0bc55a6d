import sse from '@fastify/sse';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { EventLog, NumberedEvent } from '../events/event-log.ts';
import { EventQueue } from '../events/event-queue.ts';
import type { EventTail } from '../events/event-tail.ts';
import { compareStreamIds } from '../events/stream-id.ts';
import type { RedisContact } from '../redis/redis-contact.ts';
import { throwUnavailable } from '../redis/unavailable.ts';

export interface EventRoutesDeps {
  readonly events: EventLog;
  readonly tail: EventTail;
  readonly contact: RedisContact;
}

const HEARTBEAT_MS = 15_000;
/** How soon a client that has lost its connection comes back. */
const RECONNECT_MS = 1_000;
const streamId = z.string().regex(/^\d{1,19}(-\d{1,19})?$/, 'the id of an event has the form 1700000000000-0');

/** Server-sent events of the whole fleet. Ids are those of the Redis stream; `Last-Event-ID` resumes after that one. */
export const eventRoutes: FastifyPluginAsyncZod<EventRoutesDeps> = async (app, { events, tail, contact }) => {
  await app.register(sse.default, { heartbeatInterval: HEARTBEAT_MS });

  app.get(
    '/events',
    {
      sse: 'only',
      schema: {
        summary: 'Events as they happen',
        description:
          'Server-sent events. When events after `Last-Event-ID` are gone, the first message is `event: reset`. While Redis is away nothing is heard of: `event: stale` says so, with `stale` and `as_of`, and says when it is back.',
        produces: ['text/event-stream'],
        headers: z.looseObject({ 'last-event-id': streamId.optional() }),
        querystring: z.strictObject({
          since: streamId.optional().describe('as Last-Event-ID, for clients that cannot send it'),
          push: z.string().optional(),
          stream: z.string().optional(),
        }),
      },
    },
    async ({ headers, query }, reply) => {
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
      const after = headers['last-event-id'] ?? query.since;
      reply.sse.keepAlive();
      // Also opens the answer: headers alone would wait for the first event.
      await reply.sse.send({ retry: RECONNECT_MS, data: undefined });
      if (contact.isAway) await tellStale();
      const send = ({ id, event }: NumberedEvent) => reply.sse.send({ id, event: event.event, data: event });
      try {
        if (after !== undefined) {
          const oldest = await events.oldestId().catch(throwUnavailable);
          if (oldest !== undefined && compareStreamIds(after, oldest) < 0)
            await reply.sse.send({ event: 'reset', data: { oldest } });
          for await (const page of events.after(after)) {
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
};
