import { Counter, collectDefaultMetrics, Histogram, Registry } from '@prometheus-io/client';

/** The scheduler's numbers for Prometheus, one registry per process. */
export class Metrics {
  readonly registry = new Registry();
  readonly reconcileSeconds: Histogram;
  readonly reconcileActions: Counter;

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.reconcileSeconds = new Histogram({
      name: 'pushfleet_reconcile_seconds',
      help: 'Time of one round of the reconciler',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers: [this.registry],
    });
    this.reconcileActions = new Counter({
      name: 'pushfleet_reconcile_actions_total',
      help: 'What the reconciler has done to the queues',
      registers: [this.registry],
    });
  }
}
