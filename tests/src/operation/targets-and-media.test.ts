import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StreamDetail, TargetTest } from '@pushfleet/contract';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishClip } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { probe } from '../harness/media-judges.ts';
import { type NginxRtmp, startNginxRtmp } from '../harness/nginx-rtmp.ts';
import { freePort } from '../harness/ports.ts';
import { dumpRedis } from '../harness/redis-dump.ts';
import { until } from '../harness/until.ts';

const SECRET = 'a-secret-stream-key-1234';
let nginx: NginxRtmp;
let fleet: Fleet;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-targets-'));
  nginx = await startNginxRtmp();
  fleet = await startFleet({ config: 'stream studio { input publish://; }' });
});
afterAll(async () => {
  await fleet?.stop();
  await nginx?.stop();
  await rm(directory, { recursive: true, force: true });
});

const test = async (id: string) => (await fleet.api.test(id)) as TargetTest;
const steps = ({ steps }: TargetTest) => steps.map(({ step, result }) => `${step} ${result}`);
/** A push that stays paused, so that only the test dials. */
const paused = async (url: string, options: object = {}) =>
  (await fleet.api.createPush({ stream: 'studio', url, disabled: true, ...options })).id;

describe('a test of a target', () => {
  it('goes up to the publication, and leaves nothing at the target', async () => {
    const outcome = await test(await paused(`${nginx.url}/${SECRET}`));
    expect(outcome).toMatchObject({ result: 'ok', worker: 'worker-1' });
    expect(steps(outcome)).toEqual(['dns ok', 'policy ok', 'tcp ok', 'handshake ok', 'publish ok']);
    expect(outcome.steps.every(({ ms }) => ms !== null && ms >= 0)).toBe(true);
    expect(outcome.steps[3]!.detail).toContain('NetConnection.Connect.Success');
    expect(JSON.stringify(outcome)).not.toContain(SECRET);
    await nginx.untilGone(SECRET);
  });

  it('says where it ends, and what to do', async () => {
    const closed = await test(await paused(`rtmp://127.0.0.1:${await freePort()}/live/${SECRET}`));
    expect(steps(closed)).toEqual(['dns ok', 'policy ok', 'tcp failed', 'handshake skipped', 'publish skipped']);
    expect(closed.steps[2]).toMatchObject({ code: 'connect_refused', remedy: expect.stringContaining('listens') });

    const unknown = await test(await paused('rtmp://no-such-host.invalid/live/key'));
    expect(unknown.steps[0]).toMatchObject({ step: 'dns', result: 'failed', code: 'dns' });

    const refused = await test(await paused(`${nginx.strictUrl}/key`));
    expect(steps(refused).slice(3)).toEqual(['handshake ok', 'publish failed']);
    expect(refused.steps[4]).toMatchObject({ code: 'target_refused' }); // it has said Start before it closed

    const noTls = await test(await paused(`rtmps://127.0.0.1:${nginx.port}/live/key`, { connect_timeout: 2 }));
    expect(steps(noTls).slice(2, 4)).toEqual(['tcp ok', 'tls failed']);

    const mute = createServer(() => {}).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as { port: number };
    const silent = await test(await paused(`rtmp://127.0.0.1:${port}/live/key`, { connect_timeout: 1 }));
    expect(silent.steps[3]).toMatchObject({ step: 'handshake', result: 'failed', code: 'connect_timeout' });
    mute.close();
  });

  it('knows that HTTP begins with the request that publishes', async () => {
    const outcome = await test(await paused(`tshttp://127.0.0.1:${nginx.httpPort}/nothing/here`));
    expect(steps(outcome)).toEqual(['dns ok', 'policy ok', 'tcp ok', 'handshake skipped', 'publish failed']);
  });
});

describe('a test before there is a push', () => {
  const testNew = async (spec: object) => (await fleet.api.testTarget(spec)) as TargetTest;

  it('is the same test, and leaves the URL nowhere', async () => {
    const secret = 'a-secret-that-is-only-tried-5678';
    const outcome = await testNew({ stream: 'studio', url: `${nginx.url}/${secret}` });
    expect(outcome).toMatchObject({ push: null, result: 'ok', worker: 'worker-1' });
    expect(steps(outcome)).toEqual(['dns ok', 'policy ok', 'tcp ok', 'handshake ok', 'publish ok']);
    await nginx.untilGone(secret);
    const refused = await testNew({ url: `rtmp://127.0.0.1:${await freePort()}/live/${secret}` });
    expect(refused.steps[2]).toMatchObject({ step: 'tcp', result: 'failed', code: 'connect_refused' });
    expect(JSON.stringify([outcome, refused])).not.toContain(secret);
    expect(JSON.stringify([...(await dumpRedis(fleet.redis.url))])).not.toContain(secret);
    expect((await fleet.api.pushes()).map(({ url }) => url)).not.toContainEqual(expect.stringContaining('5678'));
  });

  it('does not disturb a push to the same URL', async () => {
    const url = `${nginx.url}/taken`;
    const { id } = await fleet.api.createPush({ stream: 'studio', url });
    await fleet.api.waitForStatus(id, 'waiting');
    const { steps: made } = await testNew({ stream: 'studio', url });
    expect(made[4]).toMatchObject({ step: 'publish', result: 'skipped', detail: expect.stringContaining(id) });
    await fleet.api.call('DELETE', `/api/v1/pushes/${id}`);
  });

  it.each([
    [{ url: 'gopher://a.example.com/x' }, 400],
    [{ url: 'rtmp://10.0.0.7/live/a-secret-key-9999' }, 422],
    [{ url: 'rtmp://a.example.com/live/a-secret-key-9999', retry_limit: 0 }, 400],
  ])('refuses %j as adding it would be refused, without its secrets', async (spec, status) => {
    const answer = await fleet.api.call('POST', '/api/v1/targets/test', spec);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer)).not.toContain('a-secret-key');
  });
});

describe('a stream that is live', () => {
  it('can be seen, is measured, and its pushes are not disturbed by tests', async () => {
    const publisher = publishClip(`${fleet.worker('worker-1').rtmpUrl}/live/studio`);
    const { id } = await fleet.api.createPush({ stream: 'studio', url: `${nginx.url}/onair` });
    const before = await fleet.api.waitForStatus(id, 'running');
    await nginx.untilPublished('onair');
    for (let count = 0; count < 2; count++) {
      const outcome = await test(id);
      expect(steps(outcome)).toEqual(['dns ok', 'policy ok', 'tcp ok', 'handshake ok', 'publish skipped']);
      expect(outcome.steps[4]!.detail).toContain('the push is on');
    }
    const twin = await paused(`${nginx.url}/onair`);
    expect((await test(twin)).steps[4]).toMatchObject({ result: 'skipped', detail: expect.stringContaining(id) });
    const after = await fleet.api.push(id);
    expect(after).toMatchObject({ status: 'running', connected_at: before.connected_at, retries_total: 0 });

    const detail = () => fleet.api.stream('studio') as Promise<StreamDetail>;
    const isMeasured = async () => {
      const { media } = await detail();
      const { bitrate_bps: bitrate, gop_ms: gopMs, fps } = media?.tracks[0] ?? {};
      return bitrate && gopMs && Number(fps) > 20 && media;
    };
    const media = await until(isMeasured, { what: 'the stream to be measured' });
    expect(media).toMatchObject({ worker: 'worker-1' });
    const [video, audio] = media.tracks;
    expect(video).toMatchObject({
      kind: 'video',
      codec: 'h264',
      gop_ms: 2_000,
      profile: expect.stringMatching(/^avc1/),
    });
    expect(audio).toMatchObject({ kind: 'audio', codec: 'aac', profile: 'mp4a.40.2', sample_rate: 48_000 });

    const { body, headers, statusCode } = await request(`${fleet.scheduler.url}/api/v1/streams/studio/preview`);
    expect({ statusCode, type: headers['content-type'] }).toEqual({ statusCode: 200, type: 'video/mp2t' });
    const parts: Buffer[] = [];
    for await (const part of body) {
      parts.push(part as Buffer);
      if (Buffer.concat(parts).length > 400_000) break;
    }
    const file = join(directory, 'preview.ts');
    await writeFile(file, Buffer.concat(parts));
    expect((await probe(file)).map(({ codec_name }) => codec_name).sort()).toEqual(['aac', 'h264']);
    // More than may be open at a time, each closed before the next one.
    for (let count = 0; count < 20; count++) {
      const again = async () => {
        const answer = await request(`${fleet.scheduler.url}/api/v1/streams/studio/preview`);
        answer.body.on('error', () => {}).destroy();
        return answer.statusCode === 200;
      };
      await until(again, { what: 'a place for one more preview' });
    }
    await publisher.stop();
    const gone = async () => (await fleet.api.call('GET', '/api/v1/streams/studio/preview')).status === 409;
    await until(gone, { what: 'the preview to be refused' });
  });
});
