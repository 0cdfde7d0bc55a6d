import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { ApiError } from '@pushfleet/contract';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Auth } from './auth.ts';

export interface DashboardOptions {
  /** Folder with the built dashboard; it may come and go while the scheduler runs. */
  readonly folder: string;
  readonly auth: Auth;
  /** Somebody who may read has asked for the page, and will ask for the fleet as soon as it is there. */
  readonly onVisit: () => void;
}

/** Where it is built, beside the scheduler. */
export const DASHBOARD_FOLDER = join(import.meta.dirname, '..', '..', '..', 'dashboard', 'dist');

/** What is not built has its links here. */
const PAGE_WITHOUT_DASHBOARD = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Pushfleet</title>
<style>body { font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }</style>
<h1>Pushfleet</h1>
<p>Copies live streams to other servers and keeps them there.</p>
<p>The dashboard is not built: <code>npm run build</code>, then load this page again.</p>
<ul>
  <li><a href="/queues">Queues</a>: the jobs of all pushes</li>
  <li><a href="/docs">API</a>: every route, with its schemas</li>
  <li><a href="/api/v1/pushes">Pushes</a>, <a href="/api/v1/streams">streams</a> and <a href="/api/v1/workers">workers</a> as JSON</li>
  <li><a href="/metrics">Metrics</a> for Prometheus</li>
</ul>
</html>
`;

/** These first segments of a path are never a page of the dashboard. */
const otherPaths = new Set(['api', 'docs', 'health', 'metrics', 'queues', 'ready', 'streamer']);
/** Their names change with their content. */
const HASHED = /^assets\//;
const FOR_EVER = { cacheControl: true, maxAge: '365d', immutable: true };
const FILE_AT_ROOT = /^[\w-]+(\.[\w-]+)+$/;

/** The dashboard: files that anybody may read, and its page at every path that is nothing else. What it shows comes from the API. */
export async function registerDashboard(
  app: FastifyInstance,
  { folder, auth, onVisit }: DashboardOptions,
): Promise<void> {
  await app.register(fastifyStatic, {
    root: folder,
    serve: false,
    cacheControl: false,
    preCompressed: true,
    suppressWarning: true,
  });

  app.get<{ Params: { '*': string } }>(
    '/*',
    { config: { isPublic: true }, schema: { hide: true } },
    (request, reply) => {
      const path = request.params['*'];
      if (otherPaths.has(path.split('/', 1)[0]!)) return refuse(request, reply, auth);
      if (HASHED.test(path)) return reply.sendFile(path, FOR_EVER);
      reply.header('cache-control', 'no-cache');
      if (FILE_AT_ROOT.test(path)) return reply.sendFile(path);
      if (existsSync(join(folder, 'index.html'))) {
        if (auth.refusal(request) === undefined) onVisit();
        return reply.sendFile('index.html');
      }
      return reply.type('text/html; charset=utf-8').send(PAGE_WITHOUT_DASHBOARD);
    },
  );
}

/** As without this route: whether there is such a path is told to those who are logged in. */
function refuse(request: FastifyRequest, reply: FastifyReply, auth: Auth) {
  const refusal = auth.refusal(request);
  if (refusal instanceof ApiError) return auth.sendRefusal(request, reply, refusal);
  return reply.callNotFound();
}
