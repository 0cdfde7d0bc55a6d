import { streamPatchSchema, streamSpecSchema } from '@pushfleet/config';
import { ApiError, type DesiredStream, streamDetailSchema, streamViewSchema } from '@pushfleet/contract';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { DesiredCache } from '../push/desired-cache.ts';
import type { PushIndex } from '../push/push-index.ts';
import type { RedisContact } from '../redis/redis-contact.ts';
import type { StatusReader } from '../status/status-reader.ts';
import type { StreamMedia } from '../stream/stream-media.ts';
import type { StreamService } from '../stream/stream-service.ts';
import { streamView } from '../stream/stream-view.ts';
import { apiActor } from './api-actor.ts';
import { markStale, problems, staleness } from './replies.ts';

export interface StreamRoutesDeps {
  readonly streams: StreamService;
  readonly cache: DesiredCache;
  readonly index: PushIndex;
  readonly status: StatusReader;
  readonly contact: RedisContact;
  readonly media: StreamMedia;
}

const nameParams = z.object({ name: z.string().min(1).max(255).describe('URL-encoded: a slash is %2F') });
/** The path names the stream; the body may repeat the name. */
const streamBodySchema = streamSpecSchema.partial({ name: true }).meta({ id: 'StreamSpec' });

export const streamRoutes: FastifyPluginAsyncZod<StreamRoutesDeps> = async (
  app,
  { streams, cache, index, status, contact, media },
) => {
  async function views(selected: readonly DesiredStream[]) {
    const snapshot = await status.snapshot();
    const pushes = await status.views(
      selected.flatMap(({ name }) => index.ofStream(name)),
      snapshot,
    );
    const byStream = Map.groupBy(pushes.views, ({ stream }) => stream);
    const list = selected.map((stream) =>
      streamView(stream, byStream.get(stream.name) ?? [], snapshot.live.get(stream.name)),
    );
    return { list, stale: pushes.stale };
  }

  app.get(
    '/streams',
    {
      schema: {
        summary: 'List streams',
        response: {
          200: z.object({ streams: z.array(streamViewSchema), ...staleness }).meta({ id: 'Streams' }),
          ...problems,
        },
      },
    },
    async (_request, reply) => {
      const living = cache.streams.values().filter(({ removed }) => !removed);
      const { list, stale } = await views([...living].sort((a, b) => (a.name < b.name ? -1 : 1)));
      return { streams: list, ...markStale(reply, stale, contact) };
    },
  );

  app.get(
    '/streams/:name',
    { schema: { summary: 'One stream', params: nameParams, response: { 200: streamDetailSchema, ...problems } } },
    async ({ params }, reply) => {
      const stream = await streams.get(params.name);
      const [{ list, stale }, info] = await Promise.all([views([stream]), media.info(stream.name)]);
      markStale(reply, stale, contact);
      return { ...list[0]!, media: info };
    },
  );

  app.put(
    '/streams/:name',
    {
      schema: {
        summary: 'Make a stream what the body says',
        description: 'What is absent goes back to its default. Without `pushes` the pushes stay as they are.',
        params: nameParams,
        body: streamBodySchema,
        response: { 200: streamViewSchema, 201: streamViewSchema, ...problems },
      },
    },
    async ({ params: { name }, body }, reply) => {
      if (body.name !== undefined && body.name !== name) throw nameDiffers(name);
      // The path was not looked at by the schema of streams.
      const spec = streamSpecSchema.parse({ ...body, name });
      const { stream, created } = await streams.put(spec, apiActor);
      const { list, stale } = await views([stream]);
      markStale(reply, stale, contact);
      return reply.code(created ? 201 : 200).send(list[0]!);
    },
  );

  app.patch(
    '/streams/:name',
    {
      schema: {
        summary: 'Change a stream',
        description:
          'JSON Merge Patch, RFC 7396: an absent member never changes, null goes back to the default. `inputs` is a whole list; one of them that is written as it is shown, with `***`, stays as it is.',
        consumes: ['application/merge-patch+json', 'application/json'],
        params: nameParams,
        body: streamPatchSchema,
        response: { 200: streamViewSchema, ...problems },
      },
    },
    async ({ params, body }, reply) => {
      const stream = await streams.patch(params.name, body, apiActor);
      const { list, stale } = await views([stream]);
      markStale(reply, stale, contact);
      return list[0]!;
    },
  );

  app.delete(
    '/streams/:name',
    {
      schema: {
        summary: 'Remove a stream and its pushes',
        params: nameParams,
        response: { 204: z.null(), ...problems },
      },
    },
    async ({ params }, reply) => {
      await streams.remove(params.name, apiActor);
      return reply.code(204).send(null);
    },
  );
};

function nameDiffers(name: string): ApiError {
  const detail = `name must be '${name}', as in the path, or absent`;
  return new ApiError('invalid_request', `${detail}.`, [{ pointer: '#/name', detail }]);
}
