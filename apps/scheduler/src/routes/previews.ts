import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { StreamMedia } from '../stream/stream-media.ts';
import type { StreamService } from '../stream/stream-service.ts';
import { problems } from './replies.ts';

export interface PreviewRoutesDeps {
  readonly streams: StreamService;
  readonly media: StreamMedia;
}

/** Streams as a page can play them: from this server, since its policy allows no other. */
export const previewRoutes: FastifyPluginAsyncZod<PreviewRoutesDeps> = async (app, { streams, media }) => {
  app.get(
    '/streams/:name/preview',
    {
      schema: {
        summary: 'Play a stream as MPEG-TS',
        description: 'Without an end: hang up to stop. 409 while nobody sends the stream.',
        produces: ['video/mp2t'],
        params: z.object({ name: z.string().min(1).max(255).describe('URL-encoded: a slash is %2F') }),
        response: { ...problems },
      },
    },
    async ({ params }, reply) => {
      const { name } = await streams.get(params.name);
      const body = await media.preview(name);
      // A client that went while the worker was asked hears nothing of this.
      if (reply.raw.destroyed) body.destroy();
      return reply
        .type('video/mp2t')
        .header('cache-control', 'no-store')
        .send(body as never);
    },
  );
};
