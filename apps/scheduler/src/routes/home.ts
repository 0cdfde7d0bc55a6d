import type { FastifyPluginAsync } from 'fastify';

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Pushfleet</title>
<style>body { font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }</style>
<h1>Pushfleet</h1>
<p>Copies live streams to other servers and keeps them there.</p>
<ul>
  <li><a href="/queues">Queues</a>: the jobs of all pushes</li>
  <li><a href="/docs">API</a>: every route, with its schemas</li>
  <li><a href="/api/v1/pushes">Pushes</a>, <a href="/api/v1/streams">streams</a> and <a href="/api/v1/workers">workers</a> as JSON</li>
  <li><a href="/metrics">Metrics</a> for Prometheus</li>
</ul>
</html>
`;

/** The page at /. */
export const homeRoutes: FastifyPluginAsync = async (app) => {
  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE));
};
