import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { QueueAdapterOptions } from '@bull-board/api/typings/app';
import { FastifyAdapter } from '@bull-board/fastify';
import { redactText } from '@pushfleet/config';
import { pushIdOfJob } from '@pushfleet/contract';
import type { Queue } from 'bullmq';
import type { FastifyInstance } from 'fastify';
import type { PushQueues } from '../queue/push-queues.ts';
import { redactDeep } from '../secrets/redact-deep.ts';

const PATH = '/queues';

/** What may be changed there: the queue follows desired state, so only what hurries an attempt along. */
const allowedChanges = /^\/api\/queues\/:queueName(\/:jobId)?\/(retry|promote)(\/:queueStatus)?$/;

/**
 * Bull Board for all queues. Everything it answers passes the redactor: foreign jobs of the intake queue carry URLs until they are
 * accepted, and what peers have said stands in failure reasons and logs.
 */
export async function registerBullBoard(app: FastifyInstance, queues: PushQueues): Promise<void> {
  const serverAdapter = new FastifyAdapter().setBasePath(PATH);
  const adapter = (queue: Queue) => new BullMQAdapter(queue, adapterOptions(queue === queues.requests));
  const board = createBullBoard({
    queues: queues.all.map(adapter),
    serverAdapter,
    options: {
      uiConfig: { boardTitle: 'Pushfleet queues', hideDocsLink: true, hideRedisDetails: true, showWorkers: false },
      handlerHooks: {
        before: ({ method, route }) => ({
          allow: method === 'get' || allowedChanges.test(route),
          status: 405,
          message: 'Pushes are changed through the API; here jobs can be retried and promoted.',
        }),
        after: (_context, result) => ({ ...result, body: redactDeep(result.body, redactText) as typeof result.body }),
      },
    },
  });
  queues.onNew((queue) => board.addQueue(adapter(queue)));
  await app.register(serverAdapter.registerPlugin(), { prefix: PATH });
}

function adapterOptions(isIntake: boolean): Partial<QueueAdapterOptions> {
  if (isIntake) return { description: 'Requests of other services' };
  return {
    description: 'An active job is a push that a worker holds',
    externalJobUrl: ({ id }) => ({
      displayText: 'Push',
      href: `/pushes?push=${encodeURIComponent(pushIdOfJob(String(id)))}`,
    }),
  };
}
