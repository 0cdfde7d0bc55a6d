import { randomUUIDv7 } from 'node:crypto';
import {
  targetCheckRequestSchema,
  targetCheckSchema,
  targetTestRequestSchema,
  targetTestSchema,
} from '@pushfleet/contract';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { newPush } from '../push/push-diff.ts';
import type { PushService } from '../push/push-service.ts';
import type { TargetCheck } from '../push/target-check.ts';
import { explainTarget } from '../push/target-explainer.ts';
import { throwUnavailable } from '../redis/unavailable.ts';
import type { TargetTester } from '../status/target-tester.ts';
import { apiActor } from './api-actor.ts';
import { problems, waitSchema } from './replies.ts';

export interface TargetRoutesDeps {
  readonly pushes: PushService;
  readonly targets: TargetCheck;
  readonly tester: TargetTester;
}

const WAIT_MS = 20_000;
const waitQuery = z.strictObject({ wait: waitSchema.describe('how long to wait for the worker; 20s') });

/** What is wrong with a target: with its URL, and from where the workers are. */
export const targetRoutes: FastifyPluginAsyncZod<TargetRoutesDeps> = async (app, { pushes, targets, tester }) => {
  app.post(
    '/targets/check',
    {
      schema: {
        summary: 'Explain a push URL',
        description: 'Part by part, also of a URL that is not whole yet. Nothing is connected to.',
        body: targetCheckRequestSchema,
        response: { 200: targetCheckSchema, ...problems },
      },
    },
    ({ body: { url } }) => explainTarget(url, targets),
  );

  app.post(
    '/targets/test',
    {
      schema: {
        summary: 'Try a target before there is a push',
        description: 'As `POST /pushes/{id}/test`, for a push that is not saved. It must be one that could be added.',
        body: targetTestRequestSchema,
        querystring: waitQuery,
        response: { 200: targetTestSchema, ...problems },
      },
    },
    ({ body: { stream = '', ...spec }, query }) => {
      targets.check(spec);
      const createdAt = new Date().toISOString();
      const push = newPush({ id: randomUUIDv7(), stream, spec, origin: apiActor.origin, createdAt });
      return tester.testDraft(push, query.wait ?? WAIT_MS).catch(throwUnavailable);
    },
  );

  app.post(
    '/pushes/:id/test',
    {
      schema: {
        summary: 'Try the target of a push',
        description:
          'A worker connects step by step, publishes, and hangs up. While the push is on, or another one goes to the same URL, it stops before it publishes.',
        params: z.object({ id: z.string().min(1).max(64) }),
        querystring: waitQuery,
        response: { 200: targetTestSchema, ...problems },
      },
    },
    async ({ params, query }) =>
      tester.test(await pushes.get(params.id), query.wait ?? WAIT_MS).catch(throwUnavailable),
  );
};
