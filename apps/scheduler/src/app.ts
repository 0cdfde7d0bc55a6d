import type { Logger, Secret } from '@pushfleet/config';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { Auth, registerAuth } from './plugins/auth.ts';
import { registerBodyParsers } from './plugins/body-parsers.ts';
import { registerBullBoard } from './plugins/bull-board.ts';
import { DASHBOARD_FOLDER, registerDashboard } from './plugins/dashboard.ts';
import { registerMetrics } from './plugins/metrics.ts';
import { registerOpenApi } from './plugins/openapi.ts';
import { registerProblems } from './plugins/problems.ts';
import { registerSecurityHeaders } from './plugins/security-headers.ts';
import { untilReady } from './redis/connections.ts';
import { bulkRoutes } from './routes/bulk.ts';
import { configRoutes } from './routes/config.ts';
import { errorRoutes } from './routes/errors.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { previewRoutes } from './routes/previews.ts';
import { pushRoutes } from './routes/pushes.ts';
import { sessionRoutes } from './routes/session.ts';
import { streamRoutes } from './routes/streams.ts';
import { targetRoutes } from './routes/targets.ts';
import { workerRoutes } from './routes/workers.ts';
import { Scheduler, type SchedulerOptions } from './scheduler.ts';

export interface AppConfig extends SchedulerOptions {
  readonly token: Secret | undefined;
  /** Folder with the built dashboard. */
  readonly dashboard?: string;
}

export interface AppDeps {
  readonly log: Logger;
}

declare module 'fastify' {
  interface FastifyInstance {
    scheduler: Scheduler;
  }
}

/** A stream name of 255 characters, each of them percent-encoded. */
const MAX_PARAM_LENGTH = 800;

/** Until a change is refused because Redis is away: sentinels that tell of a failover one after the other have connections opened anew. */
const RECONNECT_MS = 1_000;

/** The scheduler with its HTTP side. It starts with `ready()` (or the first `inject()`) and ends with `close()`. */
export async function buildApp(config: AppConfig, { log }: AppDeps): Promise<FastifyInstance> {
  const scheduler = await Scheduler.create(config, log);
  const app: FastifyInstance = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    // Event streams would keep the process from ending.
    forceCloseConnections: true,
    // The first round of a big fleet takes as long as it takes.
    pluginTimeout: 0,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
  });
  app.decorate('scheduler', scheduler);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  registerBodyParsers(app);
  registerProblems(app);
  registerSecurityHeaders(app);
  const auth = new Auth(config);
  await registerAuth(app, auth);
  await registerOpenApi(app, config.version);
  await registerBullBoard(app, scheduler.queues);
  registerMetrics(app, { ...scheduler, status: scheduler.fleetStatus });
  await app.register(healthRoutes, {
    health: scheduler.health,
    isStopping: () => scheduler.isStopping,
    version: config.version,
  });
  await registerDashboard(app, {
    folder: config.dashboard ?? DASHBOARD_FOLDER,
    auth,
    // While the browser loads scripts the view comes to be; what fails is told to whoever asks for it.
    onVisit: () => void scheduler.live.open().catch(() => {}),
  });
  await app.register(
    async (api) => {
      await api.register(sessionRoutes, { auth, version: config.version });
      api.addHook('preHandler', async ({ method }) => {
        if (method !== 'GET') await untilReady(scheduler.redis.commands, RECONNECT_MS);
      });
      await api.register(pushRoutes, { ...scheduler, file: () => scheduler.configFile });
      await api.register(bulkRoutes, { ...scheduler });
      await api.register(streamRoutes, { ...scheduler });
      await api.register(previewRoutes, { ...scheduler });
      await api.register(workerRoutes, { ...scheduler });
      await api.register(targetRoutes, { ...scheduler });
      await api.register(configRoutes, { ...scheduler, file: () => scheduler.configFile });
      await api.register(errorRoutes, { ...scheduler });
      await api.register(eventRoutes, { ...scheduler });
    },
    { prefix: '/api/v1' },
  );
  app.addHook('onReady', () => scheduler.start());
  app.addHook('onClose', () => scheduler.stop());
  return app;
}
