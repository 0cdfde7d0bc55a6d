import { apiErrors } from '@pushfleet/contract';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { toApiError } from '../plugins/problems.ts';
import { type PushFilter, pushFilter } from '../push/push-query.ts';
import type { PushService } from '../push/push-service.ts';
import { chunksOf } from '../redis/chunks.ts';
import type { FleetStatus } from '../status/fleet-status.ts';
import { apiActor } from './api-actor.ts';
import { problems } from './replies.ts';

export interface BulkRoutesDeps {
  readonly pushes: PushService;
  readonly fleetStatus: FleetStatus;
}

/** Changes under way at a time. */
const CONCURRENCY = 100;

const selectorSchema = z
  .strictObject({
    ids: z.array(z.string()).max(10_000).optional(),
    q: z.string().min(1).max(500).optional().describe('as in the list of pushes'),
    status: z.string().min(1).optional(),
    stream: z.string().min(1).optional(),
    worker: z.string().min(1).optional(),
    all: z.literal(true).optional().describe('every push'),
  })
  .refine(
    (selector) => Object.keys(selector).length > 0,
    'selector must name something; for every push write {"all": true}',
  );
const bulkSchema = z
  .strictObject({
    action: z.enum(['pause', 'resume', 'restart', 'remove']),
    selector: selectorSchema,
    dry_run: z.boolean().default(false).describe('only tell what would be changed'),
  })
  .meta({ id: 'BulkRequest' });
const resultSchema = z.object({
  id: z.string(),
  ok: z.boolean(),
  code: z.string().optional(),
  detail: z.string().optional(),
});

/** One command for many pushes: each one succeeds or fails by itself. */
export const bulkRoutes: FastifyPluginAsyncZod<BulkRoutesDeps> = async (app, { pushes, fleetStatus }) => {
  async function apply(
    action: z.infer<typeof bulkSchema>['action'],
    id: string,
  ): Promise<z.infer<typeof resultSchema>> {
    try {
      await pushes[action](id, apiActor);
      return { id, ok: true };
    } catch (error) {
      const { code, detail } = toApiError(error);
      return { id, ok: false, code, detail: detail || apiErrors[code].title };
    }
  }

  app.post(
    '/pushes/bulk',
    {
      schema: {
        summary: 'One command for many pushes',
        body: bulkSchema,
        response: {
          200: z.object({ dry_run: z.boolean(), results: z.array(resultSchema) }).meta({ id: 'BulkResult' }),
          ...problems,
        },
      },
    },
    async ({ body: { action, selector, dry_run } }) => {
      const ids = await selected(selector);
      if (dry_run) return { dry_run, results: ids.map((id) => ({ id, ok: true })) };
      const results: z.infer<typeof resultSchema>[] = [];
      for (const chunk of chunksOf(ids, CONCURRENCY))
        results.push(...(await Promise.all(chunk.map((id) => apply(action, id)))));
      return { dry_run, results };
    },
  );

  /** Ids that were named stay, known or not: their result says so. */
  async function selected({ ids, ...filter }: PushFilter & { ids?: string[] | undefined }): Promise<string[]> {
    if (ids !== undefined && Object.values(filter).every((value) => value === undefined)) return [...new Set(ids)];
    const wanted = ids && new Set(ids);
    const { pushes: listed } = await fleetStatus.list();
    const matching = listed.filter(pushFilter(filter)).map(({ push }) => push.id);
    return wanted === undefined ? matching : matching.filter((id) => wanted.has(id));
  }
};
