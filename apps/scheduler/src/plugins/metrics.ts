import { Gauge } from '@prometheus-io/client';
import { pushStatusSchema } from '@pushfleet/contract';
import type { FastifyInstance } from 'fastify';
import type { LeaderLock } from '../fleet/leader-lock.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { PushQueues } from '../queue/push-queues.ts';
import { isRedisUnavailable } from '../redis/unavailable.ts';
import type { FleetStatus } from '../status/fleet-status.ts';

export interface MetricsDeps {
  readonly metrics: Metrics;
  readonly status: FleetStatus;
  readonly queues: PushQueues;
  readonly lock: LeaderLock;
}

/** GET /metrics. Numbers that need Redis are left out while it is away. */
export function registerMetrics(app: FastifyInstance, { metrics, status, queues, lock }: MetricsDeps): void {
  const gauge = (name: string, help: string, labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers: [metrics.registry] });
  const pushes = gauge('pushfleet_pushes', 'Pushes by status', ['status']);
  const workers = gauge('pushfleet_workers', 'Workers by pool and state', ['pool', 'state']);
  const jobs = gauge('pushfleet_queue_jobs', 'Jobs by queue and state', ['queue', 'state']);
  const leader = gauge('pushfleet_leader', '1 when this scheduler leads', []);

  async function update(): Promise<void> {
    leader.set(lock.isLeader ? 1 : 0);
    const counts = await status.counts();
    for (const name of pushStatusSchema.options) pushes.set({ status: name }, counts.get(name) ?? 0);
    workers.reset();
    for (const { pool, state } of (await status.fleet()).members) workers.inc({ pool, state });
    jobs.reset();
    for (const queue of queues.all) {
      for (const [state, count] of Object.entries(await queue.getJobCounts()))
        jobs.set({ queue: queue.name, state }, count);
    }
  }

  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    await update().catch((error: unknown) => {
      if (!isRedisUnavailable(error)) throw error;
      for (const stale of [pushes, workers, jobs]) stale.reset();
    });
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
}
