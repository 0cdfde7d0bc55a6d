import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpPublisher, type PublisherOptions } from './testing/http-publisher.ts';
import { IngestKit } from './testing/ingest-kit.ts';

let kit: IngestKit;
beforeEach(async () => {
  kit = new IngestKit();
  await kit.listen();
});
afterEach(() => kit.close());

const publish = (path: string, options?: PublisherOptions) => new HttpPublisher(`${kit.url}${path}`, options);
const session = (epoch: number, push = 'p-1') => ({ headers: { 'x-session': `${epoch}-${push}` } });

/** Publishes; resolves when the body is wanted. */
async function admitted(path: string, options?: PublisherOptions): Promise<HttpPublisher> {
  const publisher = publish(path, options);
  expect(await publisher.isWanted, path).toBe(true);
  return publisher;
}

async function refusal(path: string, options?: PublisherOptions) {
  const publisher = publish(path, options);
  expect(await publisher.isWanted).toBe(false);
  const { status, headers, body } = await publisher.answer;
  publisher.destroy();
  return { status, headers, problem: body as { code: string; detail: string } };
}

const basic = (login: string) => ({ headers: { authorization: `Basic ${Buffer.from(login).toString('base64')}` } });

describe.each([
  ['that asks first', true],
  ['that sends at once', false],
])('a publisher %s', (_kind, expectFirst) => {
  it.each([
    ['of a stream that does not exist', '/nobody/mpegts', 404, 'stream_unknown'],
    ['of a stream that is disabled', '/off/mpegts', 403, 'stream_closed'],
    ['of a stream with another input', '/film/m4s', 403, 'stream_closed'],
    ['without the password', '/guarded/mpegts', 401, 'password_needed'],
    ['with a wrong password', '/guarded/mpegts?password=open-barley', 403, 'password_wrong'],
    ['with an empty password', '/guarded/mpegts?password=', 403, 'password_wrong'],
    ['of nothing', '/', 400, 'path_invalid'],
  ])('%s is refused before a byte of the body is read', async (_who, path, status, code) => {
    kit.want('off', { disabled: true });
    kit.want('film', { inputs: ['file:///film.mp4'] });
    kit.want('guarded', { password: 'open-sesame' });
    const answer = await refusal(path, { expect: expectFirst });
    expect(answer).toMatchObject({ status, problem: { code, status } });
    expect(answer.headers.connection).toBe('close');
    expect(answer.problem.detail).toMatch(/\w/);
    expect(JSON.stringify(answer.problem)).not.toMatch(/open-/);
  });
});

it('tells once a second of those who knock again and again', async () => {
  kit.want('guarded', { password: 'open-sesame' });
  for (let i = 0; i < 20; i++) {
    await refusal(`/nobody-${i}/mpegts`);
    await refusal('/guarded/mpegts?password=open-barley');
  }
  expect(kit.events.map(({ stream }) => stream)).toEqual(expect.arrayContaining(['nobody-0', 'guarded']));
  expect(kit.events.length).toBeLessThan(20);
  await expect.poll(() => kit.events.map(({ stream }) => stream)).toContain('nobody-19');
});

describe('the password of a stream', () => {
  beforeEach(() => void kit.want('guarded', { password: 'open-sesame' }));

  it.each([
    ['the query', '/guarded/mpegts?password=open-sesame', {}],
    ['a login of whatever user', '/guarded/mpegts', basic('encoder:open-sesame')],
    ['a login without a user', '/live/guarded', basic(':open-sesame')],
  ])('is taken from %s', async (_where, path, options) => {
    const publisher = await admitted(path, options);
    publisher.end();
    expect((await publisher.answer).status).toBe(200);
  });

  it('is asked for in the way that makes clients send their login', async () => {
    expect((await refusal('/guarded/mpegts')).headers['www-authenticate']).toMatch(/^Basic realm="/);
    expect(await refusal('/guarded/mpegts', basic('encoder:open-barley'))).toMatchObject({ status: 403 });
  });
});

describe('a name', () => {
  beforeEach(() => void kit.want('studio'));

  it('belongs to one publisher at a time', async () => {
    const first = await admitted('/studio/mpegts');
    expect(await refusal('/studio/m4s')).toMatchObject({ status: 409, problem: { code: 'name_taken' } });
    first.end();
    expect(await first.answer).toMatchObject({ status: 200, body: { status: 'ended', lastDts: null, bytes: 0 } });
    (await admitted('/live/studio', { method: 'PUT' })).end();
  });

  it('goes from a publisher that has fallen silent to a new one, and the old one is told', async () => {
    const silent = await admitted('/studio/mpegts');
    kit.quietMs = 3_000;
    const next = await admitted('/studio/mpegts');
    expect(await silent.answer).toMatchObject({ status: 409, body: { detail: 'replaced by a new publisher' } });
    await silent.closed;
    expect(kit.claimed).toContain('studio');
    next.end();
    await next.answer;
    await expect.poll(() => kit.claimed).not.toContain('studio');
  });

  it('is free again when the connection breaks', async () => {
    const publisher = await admitted('/studio/mpegts');
    publisher.destroy();
    await expect.poll(() => kit.claimed.size).toBe(0);
    expect(kit.events.map(({ event, message }) => [event, message])).toEqual([
      ['stream_started', ''],
      ['stream_stopped', 'the connection broke'],
    ]);
  });

  it('is taken away when the stream takes publishers no more', async () => {
    const publisher = await admitted('/studio/mpegts');
    kit.ingest.recheck({ ...kit.want('studio'), spec: { inputs: ['publish://'], disabled: true } });
    expect(await publisher.answer).toMatchObject({ status: 403, body: { code: 'stream_closed' } });
  });
});

describe('attempts of a push', () => {
  beforeEach(() => void kit.want('relay'));

  it('give way to a newer one at once, and cannot come back', async () => {
    const older = await admitted('/relay/m4s', session(5));
    const newer = await admitted('/relay/m4s', session(6));
    expect(await older.answer).toMatchObject({ status: 409, body: { code: 'session_outdated' } });
    await older.closed;
    for (const epoch of [5, 6]) {
      expect(await refusal('/relay/m4s', session(epoch))).toMatchObject({
        status: 409,
        headers: { 'x-session': 'outdated' },
        problem: { code: 'session_outdated' },
      });
    }
    newer.destroy();
    await expect.poll(() => kit.claimed.size).toBe(0);
    expect(await refusal('/relay/m4s', session(6))).toMatchObject({ problem: { code: 'session_outdated' } });
    (await admitted('/relay/m4s', session(7))).end();
  });

  it('wait like anybody else for the name that another push has', async () => {
    const other = await admitted('/relay/m4s', session(5, 'p-2'));
    expect(await refusal('/relay/m4s', session(6))).toMatchObject({ status: 409, problem: { code: 'name_taken' } });
    other.end();
    await other.answer;
    (await admitted('/relay/m4s', session(6))).end();
  });
});

describe('another worker', () => {
  beforeEach(() => void kit.want('studio'));

  it('that has the name is where a publisher is sent, with path and query', async () => {
    kit.hold('studio', '192.0.2.2:8081');
    const { status, headers } = await refusal('/live/studio/mpegts?password=x&a=%2F');
    expect(status).toBe(302);
    expect(headers.location).toBe('http://192.0.2.2:8081/live/studio/mpegts?password=x&a=%2F');
  });

  it.each([
    ['serves no HTTP', () => ''],
    ['has the address of this one', () => kit.address],
  ])('that %s is not named', async (_what, http) => {
    kit.hold('studio', http());
    expect(await refusal('/studio/mpegts')).toMatchObject({ status: 409, problem: { code: 'name_taken' } });
  });

  it('takes new publishers when this one is being drained; a publisher that is here stays', async () => {
    const early = await admitted('/studio/mpegts');
    kit.draining = true;
    kit.peers = ['192.0.2.3:8081'];
    expect(await refusal('/studio/mpegts')).toMatchObject({ status: 409 });
    early.end();
    await early.answer;
    expect((await refusal('/studio/mpegts')).headers.location).toBe('http://192.0.2.3:8081/studio/mpegts');
    kit.hold('studio', '192.0.2.2:8081');
    expect((await refusal('/studio/mpegts')).headers.location).toBe('http://192.0.2.2:8081/studio/mpegts');
  });

  it('gets the next attempt of a push from one that is being drained, and the attempt before is ended', async () => {
    kit.want('relay');
    const older = await admitted('/relay/m4s', session(5));
    kit.draining = true;
    kit.peers = ['192.0.2.3:8081'];
    expect((await refusal('/relay/m4s', session(6))).headers.location).toBe('http://192.0.2.3:8081/relay/m4s');
    expect((await older.answer).status).toBe(409);
    await expect.poll(() => kit.claimed).not.toContain('relay');
  });

  it('is not there: a worker that is being drained says so', async () => {
    kit.draining = true;
    const { status, headers, problem } = await refusal('/studio/mpegts');
    expect({ status, problem }).toMatchObject({ status: 503, problem: { code: 'draining' } });
    expect(headers['retry-after']).toBe('2');
  });
});

describe('the HTTP port', () => {
  it('answers methods that mean nothing to it', async () => {
    const answer = await refusal('/studio/mpegts', { method: 'DELETE', expect: false });
    expect(answer).toMatchObject({ status: 405, problem: { code: 'method_not_allowed' } });
    expect(answer.headers.allow).toContain('PUT');
  });

  it('keeps its own pages, whatever the query', async () => {
    kit.want('health');
    expect(await (await fetch(`${kit.url}/health?x=1`)).json()).toEqual({ status: 'ok' });
  });

  it.each(['POST /health', 'GET /metrics', 'OPTIONS /studio/mpegts'])('reads no body for ever: %s', async (line) => {
    const socket = connect(Number(new URL(kit.url).port), '127.0.0.1');
    socket.on('error', () => {}).resume(); // a reset is an end too
    socket.write(`${line} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const sending = setInterval(() => socket.write('1\r\nx\r\n'), 10);
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(sending);
  });

  it('hangs up on a client that takes its time for the head', async () => {
    const socket = connect(Number(new URL(kit.url).port), '127.0.0.1');
    socket.write('POST /studio/mpegts HTTP/1.1\r\nHost: x\r\n');
    socket.resume();
    await once(socket, 'close');
  });
});
