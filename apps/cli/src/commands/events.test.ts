import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeApi, problem } from '../testing/fake-api.ts';
import { runCli } from '../testing/run-cli.ts';

let api: FakeApi;
beforeEach(async () => {
  api = new FakeApi();
  await api.listen();
});
afterEach(() => api.close());

const send = (response: ServerResponse, id: string, event: string): void => {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
  const data = {
    event,
    at: '2026-01-01T00:00:00Z',
    push: 'p-1',
    stream: 'demo',
    worker: 'worker-1',
    failures_in_a_row: 0,
  };
  response.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
};

describe('events', () => {
  it('prints what is kept and ends', async () => {
    api.on('GET /api/v1/events', (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: reset\ndata: {"oldest":"1-0"}\n\n');
      send(response, '1-0', 'push_opened');
      send(response, '2-0', 'push_started');
    });
    const { exitCode, stdout } = await runCli(['events'], { env: { PUSHFLEET_URL: api.url } });
    expect(exitCode).toBe(0);
    expect(api.requests[0]!.headers['last-event-id']).toBe('0-0');
    expect(stdout).toBe(
      '2026-01-01T00:00:00Z push_opened      demo [p-1] on worker-1\n2026-01-01T00:00:00Z push_started     demo [p-1] on worker-1\n',
    );
  });

  it('names the host that is down', async () => {
    api.on('GET /api/v1/events', (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const data = {
        event: 'target_down',
        at: '2026-01-01T00:00:00Z',
        host: 'h:1935',
        cause: 'dns',
        worker: 'worker-1',
      };
      response.write(`id: 1-0\nevent: target_down\ndata: ${JSON.stringify(data)}\n\n`);
    });
    const { stdout } = await runCli(['events'], { env: { PUSHFLEET_URL: api.url } });
    expect(stdout).toBe('2026-01-01T00:00:00Z target_down      h:1935 on worker-1 (dns)\n');
  });

  it('follows, and after a broken connection resumes where it was', async () => {
    const stop = new AbortController();
    let connections = 0;
    api.on('GET /api/v1/events', (response) => {
      connections += 1;
      send(response, `${connections}-0`, connections === 1 ? 'push_opened' : 'push_started');
      if (connections === 1) response.end();
    });
    const { exitCode, stdout, stderr } = await runCli(['events', '-f', '--json'], {
      env: { PUSHFLEET_URL: api.url },
      stop: stop.signal,
      onOutput: (text) => {
        if (text.includes('push_started')) stop.abort();
      },
    });
    expect(exitCode).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).event),
    ).toEqual(['push_opened', 'push_started']);
    expect(api.requests.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1-0']);
    expect(stderr).toContain('trying again');
  });

  it('ends when the server does not let it in', async () => {
    api.on('GET /api/v1/events', problem('unauthorized', 401));
    expect((await runCli(['events', '-f'], { env: { PUSHFLEET_URL: api.url } })).exitCode).toBe(4);
  });
});
