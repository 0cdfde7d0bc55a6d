import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectRedis, Keys, REQUESTS_QUEUE } from '@pushfleet/contract';
import { Queue, QueueEvents } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPushfleet } from '../harness/cli.ts';
import { CLIP } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { dumpRedis } from '../harness/redis-dump.ts';
import { RtmpSink } from '../harness/rtmp-sink.ts';
import { until } from '../harness/until.ts';

/** Each is unlike anything else that is printed, so that finding one means that it leaked. */
const secrets = {
  fileKey: 'fk-Zebra-Quartz-41',
  refusedKey: 'rk-Velvet-Onion-77',
  apiKey: 'ak-Copper-Falcon-12',
  apiToken: 'tk-Marble-Tundra-58',
  userPassword: 'pw-Saffron-Glacier-93',
  encodedPassword: 'pw%2FAmber%20Lagoon%2119',
  intakeKey: 'ik-Walnut-Comet-36',
  badIntakeKey: 'bk-Indigo-Walrus-64',
  streamPassword: 'sp-Cobalt-Meadow-25',
  fileHeader: 'fh-Pewter-Lichen-82',
  refusedHeader: 'rh-Russet-Harbor-47',
  hlsPassword: 'hp-Ochre-Thistle-68',
  hlsHeader: 'hh-Jasper-Monsoon-15',
  apiHeader: 'ah-Umber-Pelican-39',
  patchedHeader: 'ph-Sable-Orchid-71',
  refusedApiHeader: 'xh-Lilac-Badger-54',
  intakeHeader: 'ih-Topaz-Juniper-96',
  badIntakeHeader: 'jh-Hazel-Osprey-23',
} as const;
const login = `user:${secrets.hlsPassword}`;
/** What may show of a long key: its last four characters. */
const needles = [...Object.values(secrets), 'pw/Amber Lagoon!19', Buffer.from(login).toString('base64')];

/**
 * A web server that takes everything below `/take`, from those who log in where HLS goes, and that repeats all it was told when it refuses
 * what goes elsewhere, as debugging pages do.
 */
async function startEcho() {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    const fields = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
    heard.push(...fields);
    request.resume();
    if (request.url?.includes('/hls/') && request.headers.authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
    } else if (request.url?.startsWith('/take')) {
      request.on('end', () => response.writeHead(201).end());
    } else response.writeHead(403, fields.join(', ')).end(fields.join('\n'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    heard,
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('a run full of failures', () => {
  let sink: RtmpSink;
  let web: Awaited<ReturnType<typeof startEcho>>;
  let fleet: Fleet;
  const shown: { where: string; text: string }[] = [];

  beforeAll(async () => {
    // Refuses one key and repeats it in the refusal, as many servers do.
    sink = await new RtmpSink((name) => (name.includes('Velvet') ? 'refuse' : 'accept')).listen();
    web = await startEcho();
    fleet = await startFleet({
      workers: 2,
      config: `stream clip {
  input file://${CLIP};
  push ${sink.url}/${secrets.fileKey};
  push ${sink.url}/${secrets.refusedKey} retry_timeout=0.5;
  push rtmp://user:${secrets.userPassword}@127.0.0.1:9/live/x?token=${secrets.apiToken} retry_timeout=0.5 retry_limit=2;
  push rtmp://user:${secrets.encodedPassword}@no-such-host.invalid/live/${secrets.fileKey} retry_timeout=0.5;
  push rtmps://127.0.0.1:${sink.port}/live/${secrets.fileKey} retry_timeout=0.5;
  push tshttp://127.0.0.1:${web.port}/take header.X-Api-Key="${secrets.fileHeader}";
  push tshttp://127.0.0.1:${web.port}/refuse header.Authorization="Bearer ${secrets.refusedHeader}" retry_timeout=0.5;
  push hls://${login}@127.0.0.1:${web.port}/refuse/hls/ header.X-Api-Key=${secrets.hlsHeader} retry_timeout=0.5;
  push hls://${login}@127.0.0.1:${web.port}/take/hls/ header.X-Api-Key=${secrets.hlsHeader} hls_profile=generic;
  segment_duration 1;
}
stream guarded { input publish://; password ${secrets.streamPassword}; }
`,
    });
    await useEverything();
  });

  afterAll(async () => {
    await fleet?.stop();
    await sink?.stop();
    await web?.stop();
  });

  /** Goes through the whole life of pushes by every road, and keeps whatever a person could see on the way. */
  async function useEverything(): Promise<void> {
    const { api } = fleet;
    const see = (where: string, text: unknown) =>
      shown.push({ where, text: typeof text === 'string' ? text : JSON.stringify(text) });
    const push = await api.createPush({
      stream: 'clip',
      url: `${sink.url}/${secrets.apiKey}?token=${secrets.apiToken}`,
      comment: 'by the API',
    });
    see('answer to POST', push);
    const withHeader = await api.createPush({
      stream: 'clip',
      url: `tshttp://127.0.0.1:${web.port}/take`,
      headers: { 'X-Api-Key': secrets.apiHeader },
    });
    see('answer to POST with headers', withHeader);
    see('patched headers', await api.patchPush(withHeader.id, { headers: { 'X-Two': secrets.patchedHeader } }));
    await intake(see);
    await api.waitForStatus(push.id, 'running');
    const hls = (await api.pushes()).find(({ url }) => url.includes('/take/hls/'))!;
    await api.waitForStatus(hls.id, 'running');
    see('pause', await api.pause(push.id));
    see('resume', await api.resume(push.id));
    see(
      'patch',
      await api.patchPush(push.id, { url: `rtmp://127.0.0.1:9/live/${secrets.apiKey}`, retry_timeout: 0.5 }),
    );
    const refused = await api.call('POST', '/api/v1/pushes', {
      stream: 'clip',
      url: `rtmpx://h/app/${secrets.apiKey}`,
      headers: { Host: secrets.refusedApiHeader, 'X-Api-Key': `${secrets.refusedApiHeader}\r\n` },
      oops: 1,
    });
    see('refused POST', refused.body);
    await until(async () => (await api.pushes()).filter(({ last_error }) => last_error !== null).length >= 7, {
      what: 'the pushes to fail',
    });
    await until(async () => (await api.pushes()).some(({ status }) => status === 'error'), {
      what: 'one to rest in error',
    });
    await collect(see);
  }

  async function intake(see: (where: string, text: unknown) => void): Promise<void> {
    const connection = connectRedis(fleet.redis.url, () => {});
    const { tag: prefix } = new Keys();
    const requests = new Queue(REQUESTS_QUEUE, { prefix, connection });
    const events = new QueueEvents(REQUESTS_QUEUE, { prefix, connection: connection.duplicate(), lastEventId: '0-0' });
    const ask = async (data: object) => {
      const job = await requests.add('add', data);
      return job.waitUntilFinished(events, 10_000).catch((error: Error) => error.message);
    };
    see('intake', await ask({ v: 1, stream: 'clip', url: `${sink.url}/${secrets.intakeKey}` }));
    const url = `tshttp://127.0.0.1:${web.port}/take`;
    const headers = { 'X-Api-Key': secrets.intakeHeader };
    see('intake with headers', await ask({ v: 1, stream: 'clip', url, headers }));
    see(
      'refused intake with headers',
      await ask({ v: 1, stream: 'clip', url, headers: { 'X Api': secrets.badIntakeHeader } }),
    );
    see('invalid intake with headers', await ask({ v: 1, stream: 'clip', url, headers: secrets.badIntakeHeader }));
    see('refused intake', await ask({ v: 1, stream: 'nowhere', url: `${sink.url}/${secrets.badIntakeKey}` }));
    see(
      'invalid intake',
      await ask({ v: 1, stream: 'clip', url: `rtmp:/broken/${secrets.badIntakeKey}`, retry_limit: 'many' }),
    );
    await Promise.all([requests.close(), events.close()]);
    connection.disconnect();
  }

  async function collect(see: (where: string, text: unknown) => void): Promise<void> {
    const { api } = fleet;
    for (const path of ['pushes', 'streams', 'workers', 'config', 'fleet/scaling']) {
      see(`GET ${path}`, (await api.call('GET', `/api/v1/${path}`)).body);
    }
    for (const { id } of await api.pushes()) {
      for (const path of [id, `${id}/attempts`, `${id}/events`])
        see(`GET ${path}`, (await api.call('GET', `/api/v1/pushes/${path}`)).body);
      const job = await api.call('GET', `/queues/api/queues/push-default/push-${id}`);
      see(`Bull Board ${id}`, job.body);
    }
    for (const queue of ['push-default', REQUESTS_QUEUE]) {
      for (const status of ['active', 'delayed', 'failed', 'completed', 'latest']) {
        const page = `/queues/api/queues?activeQueue=${queue}&status=${status}&page=1&jobsPerPage=50`;
        see(`Bull Board ${queue} ${status}`, (await api.call('GET', page)).body);
      }
    }
    see('/metrics', (await api.call('GET', '/metrics')).body);
    const list = await runPushfleet(fleet, 'ls');
    see('pushfleet ls', list.stdout + list.stderr);
    const check = await runPushfleet(fleet, 'config', 'check', fleet.configFile);
    see('pushfleet config check', check.stdout + check.stderr);
    const abort = new AbortController();
    for await (const event of api.events(abort.signal, '0-0')) {
      see('event', event);
      if (shown.filter(({ where }) => where === 'event').length >= 40) abort.abort();
      if (abort.signal.aborted) break;
    }
  }

  const leaks = (text: string) => needles.filter((needle) => text.includes(needle));

  it('really went through what it should hide', () => {
    const all = shown.map(({ text }) => text).join('\n');
    expect(sink.of(secrets.fileKey).length).toBeGreaterThan(0);
    expect(sink.of(secrets.intakeKey).length).toBeGreaterThan(0);
    const { fileHeader, refusedHeader, hlsHeader, apiHeader, patchedHeader, intakeHeader } = secrets;
    for (const value of [fileHeader, refusedHeader, hlsHeader, apiHeader, patchedHeader, intakeHeader]) {
      expect(web.heard.join('\n')).toContain(value);
    }
    expect(web.heard.filter((line) => line.includes(Buffer.from(login).toString('base64')))).not.toEqual([]);
    expect(all).toContain('X-Api-Key');
    for (const code of ['rtmp_badname', 'connect_refused', 'dns', 'tls', 'http_403', 'invalid_request'])
      expect(all).toContain(code);
    expect(all).toContain('retry_limit');
  });

  it('shows no secret in API, events, Bull Board, metrics or the command line', () => {
    expect(shown.filter(({ text }) => leaks(text).length > 0).map(({ where, text }) => [where, leaks(text)])).toEqual(
      [],
    );
  });

  it('logs no secret', async () => {
    for (const process of [fleet.scheduler, ...fleet.workers]) {
      expect(process.lines.length).toBeGreaterThan(2);
      expect(leaks(await readFile(process.logFile, 'utf8'))).toEqual([]);
    }
  });

  it('keeps secrets in the desired state alone', async () => {
    const keys = new Keys();
    const dump = await dumpRedis(fleet.redis.url);
    const leaking = [...dump].filter(([key, value]) => leaks(key + value).length > 0).map(([key]) => key);
    const allowed = [`${keys.tag}:d:push:`, `${keys.tag}:d:stream:`];
    expect(leaking.filter((key) => !allowed.some((prefix) => key.startsWith(prefix)))).toEqual([]);
    expect([...dump.keys()].filter((key) => key.startsWith(`${keys.tag}:m:`))).not.toEqual([]);
    // The search finds what is there.
    expect(leaking.length).toBeGreaterThan(5);
  });
});
