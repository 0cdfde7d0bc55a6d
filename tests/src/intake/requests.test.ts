import { join } from 'node:path';
import { Keys } from '@pushfleet/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIP } from '../harness/ffmpeg.ts';
import { cleanEnvironment, type Fleet, PINNED_NODE, startFleet } from '../harness/fleet.ts';
import { dumpRedis } from '../harness/redis-dump.ts';
import { type RtmpSink, startRtmpSink } from '../harness/rtmp-sink.ts';
import { runTool } from '../harness/tool.ts';
import { until } from '../harness/until.ts';

const SERVICE = join(import.meta.dirname, 'other-service.mjs');
const SERVICE_TIMEOUT_MS = 30_000;
/** Part of every stream key here. */
const SECRET = 's3cr3t-k3y';

interface Answer {
  readonly result?: { readonly push: string; readonly status: string };
  readonly error?: string;
}

describe('another service with nothing but bullmq', () => {
  let sink: RtmpSink;
  let fleet: Fleet;

  beforeAll(async () => {
    sink = await startRtmpSink();
    fleet = await startFleet({ config: `stream clip { input file://${CLIP}; }` });
  });
  afterAll(async () => {
    await fleet?.stop();
    await sink?.stop();
  });

  const key = (name: string) => `${name}-${SECRET}`;
  const url = (name: string) => `rtmp://127.0.0.1:${sink.port}/live/${key(name)}`;

  /** Runs the service with these requests, one after the other. */
  async function ask(...requests: unknown[]): Promise<Answer[]> {
    const lines = requests.map((request) => JSON.stringify(request));
    const args = [SERVICE, fleet.redis.url, ...lines];
    const { code, stdout, stderr } = await runTool(PINNED_NODE, args, SERVICE_TIMEOUT_MS, cleanEnvironment({}));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Answer);
  }

  const add = (name: string, more: object = {}) => ({ v: 1, stream: 'clip', url: url(name), ...more });
  const act = (action: string, push: string) => ({ v: 1, action, push });

  it('adds a push, whose id is the return value of its job, and steers it by jobs', async () => {
    const [added] = await ask(add('mine', { retry_timeout: 10, labels: { owner: 'shop' } }));
    const id = added!.result!.push;
    const push = await fleet.api.waitForStatus(id, 'running');
    expect(push).toMatchObject({ stream: 'clip', origin: 'intake', retry_timeout: 10, labels: { owner: 'shop' } });
    const [first] = sink.of(key('mine'));
    await until(() => first!.firstMediaAt, { what: 'media' });
    const acceptedMs = Date.parse(push.connected_at!) - Date.parse(push.created_at);
    console.log(`add: the target has accepted ${acceptedMs} ms after the scheduler took the request`);

    expect(await ask(act('pause', id))).toEqual([{ result: { push: id, status: expect.any(String) } }]);
    await until(() => first!.connectionEnd, { what: 'the end of the paused push' });
    expect(first).toMatchObject({ goodbyes: ['FCUnpublish', 'deleteStream'], connectionEnd: 'fin' });
    expect(await fleet.api.waitForStatus(id, 'disabled')).toMatchObject({ paused: { by: 'intake' } });

    await ask(act('resume', id));
    await fleet.api.waitForStatus(id, 'running');
    const [, second] = sink.of(key('mine'));
    expect(second!.closedAt).toBeUndefined();

    await ask(act('restart', id));
    await until(() => sink.of(key('mine'))[2]?.firstMediaAt, { what: 'a connection after the restart' });
    await until(() => second!.connectionEnd, { what: 'the end of the connection before' });
    expect(second).toMatchObject({ goodbyes: ['FCUnpublish', 'deleteStream'], connectionEnd: 'fin' });
    await fleet.api.waitForStatus(id, 'running');

    expect(await ask(act('remove', id))).toEqual([{ result: { push: id, status: 'removed' } }]);
    await until(() => sink.open(key('mine')).length === 0, { what: 'the end of the removed push' });
    expect((await fleet.api.call('GET', `/api/v1/pushes/${id}`)).status).toBe(404);
    expect(sink.of(key('mine'))).toHaveLength(3);
    expect(sink.violations).toEqual([]);
  });

  it('adds once what it sends twice under an id of its own', async () => {
    const request = add('twice', { id: 'order-4711' });
    const answers = await ask(request, request, add('another', { id: 'order-4711' }));
    expect(answers.slice(0, 2).map(({ result }) => result?.push)).toEqual(['order-4711', 'order-4711']);
    expect(answers[2]!.error).toMatch(/^push_exists: .*'order-4711'.*choose another id/);
    await fleet.api.waitForStatus('order-4711', 'running');
    expect(sink.of(key('twice'))).toHaveLength(1);
    expect(sink.of(key('another'))).toEqual([]);
  });

  it('gets its answer every time, however soon that comes after its start', async () => {
    for (let start = 1; start <= 10; start++) {
      const [answer] = await ask(act('pause', `nobody-${start}`));
      expect(answer!.error).toContain(`There is no push with the id 'nobody-${start}'`);
    }
  });

  // Field, value where it is no secret, and what to write instead.
  const wrong = (): [string, object, RegExp][] => [
    [
      'retry_timeout',
      add('bad', { retry_timeout: 'soon' }),
      /retry_timeout must be a number of seconds from 0\.1 to 86400, not "soon"/,
    ],
    [
      'retry_limit',
      add('bad', { retry_limit: 0 }),
      /retry_limit must be a whole number from 1 to \d+, or null for endless, not 0/,
    ],
    ['disabled', add('bad', { disabled: 'yes' }), /disabled must be true or false, not "yes"/],
    [
      'a field that does not exist',
      add('bad', { retry_timout: 3 }),
      /no field "retry_timout"; did you mean 'retry_timeout'\?$/,
    ],
    [
      'the scheme of url',
      { ...add('bad'), url: `ftp://192.0.2.1/${key('bad')}` },
      /url: .*unknown scheme 'ftp'; use one of rtmp:\/\//,
    ],
    [
      'the address of url',
      { ...add('bad'), url: `rtmp://10.1.2.3/live/${key('bad')}` },
      /'10\.1\.2\.3' is not on the public Internet; ask the operator/,
    ],
    ['a missing url', { v: 1, stream: 'clip' }, /url is missing/],
    ['a missing stream', { v: 1, url: url('bad') }, /stream is missing/],
    ['stream', add('bad', { stream: 7 }), /stream must be the name of a stream, not 7/],
    [
      'a stream that does not exist',
      add('bad', { stream: 'nope' }),
      /no stream 'nope': create it first, or correct the name/,
    ],
    ['id', add('bad', { id: 'a b' }), /id must be 1 to 64 letters, digits, .*, not "a b"/],
    ['the version', add('bad', { v: 2 }), /v must be 1, not 2/],
    ['action', act('stop', 'x'), /action must be pause, resume, restart or remove, not "stop"/],
    ['a missing push', { v: 1, action: 'pause' }, /push is missing/],
    ['a push that does not exist', act('pause', 'nobody'), /no push with the id 'nobody'.* List the pushes/],
  ];

  it('is told what is wrong with a request: field, value and remedy', async () => {
    const cases = wrong();
    const answers = await ask(...cases.map(([, request]) => request));
    for (const [i, [field, , sentence]] of cases.entries()) {
      const { error = 'nothing: it was accepted' } = answers[i]!;
      console.log(`${field}: ${error}`);
      expect.soft(error).toMatch(sentence);
      expect.soft(error).toMatch(/^[a-z_]+: \S/);
      expect.soft(error).not.toContain(SECRET);
      expect.soft(error).not.toContain('`errors`'); // a job has no such field
    }
    expect(sink.of(key('bad'))).toEqual([]);
  });

  it('leaves no stream key in Redis outside of the desired state, nor in any log', async () => {
    const desired = new Keys().push('');
    const withKey = [...(await dumpRedis(fleet.redis.url))].filter(([name, value]) =>
      `${name}${value}`.includes(SECRET),
    );
    const keys = withKey.map(([name]) => name);
    console.log(`keys with a secret: ${keys.join(', ')}`);
    expect(keys).toContain(`${desired}order-4711`); // where it has to be: the search finds what is there
    expect(keys.filter((name) => !name.startsWith(desired))).toEqual([]);
    expect(withKey.filter(([, value]) => value.includes(key('bad')) || value.includes(key('another')))).toEqual([]);
    for (const { output } of [fleet.scheduler, ...fleet.workers]) expect(output).not.toContain(SECRET);
  });
});
