import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareDelivery, packets } from '../harness/delivery.ts';
import { CLIP, publishClip } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet, type WorkerProcess } from '../harness/fleet.ts';
import { decodeErrors, monotonic } from '../harness/media-judges.ts';
import { type NginxRtmp, startNginxRtmp } from '../harness/nginx-rtmp.ts';
import { RtmpClient } from '../harness/rtmp-client.ts';
import { encodeAmf, MESSAGE } from '../harness/rtmp-wire.ts';
import { IS_MEASURED } from '../harness/scenario.ts';
import { StatusWatch } from '../harness/status-watch.ts';
import type { TestProcess } from '../harness/test-process.ts';
import { until } from '../harness/until.ts';

/** Three seconds of silence, and what a busy machine adds. */
const GIVES_WAY_MS = IS_MEASURED ? 5_000 : 10_000;

let nginx: NginxRtmp;
let fleet: Fleet;
let here: WorkerProcess;
let elsewhere: WorkerProcess;
let watch: StatusWatch;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-publishers-'));
  nginx = await startNginxRtmp();
  fleet = await startFleet({
    workers: 2,
    config: `
      stream open { input publish://; push ${nginx.url}/open; }
      stream guarded { input publish://; password open-sesame; push ${nginx.url}/guarded; }
      stream early { input publish://; push ${nginx.url}/early; }
      stream moving { input publish://; }
      stream off { input publish://; disabled; }
      stream film { input file://${CLIP}; }
    `,
  });
  [here, elsewhere] = [fleet.worker('worker-1'), fleet.worker('worker-2')];
  watch = new StatusWatch(fleet.api);
});

afterAll(async () => {
  await watch?.stop();
  await fleet?.stop();
  await nginx?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function idOf(stream: string): Promise<string> {
  return (await fleet.api.pushes({ stream }))[0]!.id;
}

/** ffmpeg publishes; resolves when it is accepted. */
async function publish(worker: WorkerProcess, path: string, copyTo?: string): Promise<TestProcess> {
  const publisher = publishClip(`${worker.rtmpUrl}/${path}`, copyTo === undefined ? {} : { copyTo });
  const stream = path.replace(/^.*\/|\?.*$/g, '');
  await until(async () => (await fleet.api.stream(stream)).source, { what: `${stream} to be published` });
  return publisher;
}

describe('a publisher', () => {
  it.each([
    ['of a stream that does not exist', 'nobody', 'NetStream.Publish.Denied: there is no stream nobody'],
    ['of a stream that is disabled', 'off', 'NetStream.Publish.Denied: stream off is disabled'],
    ['of a stream with another input', 'film', 'NetStream.Publish.Denied: stream film has no input publish://'],
    ['without the password', 'guarded', 'NetStream.Publish.Denied: wrong password'],
    ['with a wrong password', 'guarded?password=open-barley', 'NetStream.Publish.Denied: wrong password'],
    ['with a longer password', 'guarded?password=open-sesame!', 'NetStream.Publish.Denied: wrong password'],
  ])('%s is refused, told why, and sent away', async (_who, name, answer) => {
    const client = await RtmpClient.publish(`${here.rtmpUrl}/live/${name}`);
    expect(client.statuses).toEqual([answer]);
    await until(() => client.isClosed, { what: 'the end of the connection' });
    const stream = name.replace(/\?.*/, '');
    const refusal = { event: 'stream_refused', stream, worker: 'worker-1', message: answer.replace(/^\S+ /, '') };
    await until(() => watch.events.some((event) => event.stream === stream && event.message === refusal.message), {
      what: 'the event',
    });
    expect(watch.events).toContainEqual(expect.objectContaining(refusal));
  });

  it('that is ffmpeg with a wrong password fails and says why', async () => {
    const publisher = publishClip(`${here.rtmpUrl}/live/guarded?password=open-barley`);
    expect((await publisher.exited).code).not.toBe(0);
    expect(publisher.output).toContain('wrong password');
  });

  it.each(['live/guarded', 'static/guarded', 'rtmp/guarded', 'guarded'])(
    'with the right password is taken in at rtmp://worker/%s',
    async (path) => {
      const publisher = await publish(here, `${path}?password=open-sesame`);
      expect((await fleet.api.stream('guarded')).source).toMatchObject({ worker: 'worker-1' });
      await publisher.stop();
      await until(async () => (await fleet.api.stream('guarded')).source === null, { what: 'its end' });
    },
  );

  it('leaves no password behind, neither the right one nor a wrong one', () => {
    const texts = [here.output, elsewhere.output, fleet.scheduler.output, JSON.stringify(watch.events)];
    expect(texts.join('\n')).not.toMatch(/open-sesame|open-barley/);
  });
});

describe('a second publisher of a name', () => {
  it('is refused while the first one sends, at every worker, and the first one does not notice', async () => {
    const sent = join(directory, 'sent.flv');
    const id = await idOf('open');
    await fleet.api.waitForStatus(id, 'waiting');
    const first = await publish(here, 'live/open', sent);
    await fleet.api.waitForStatus(id, 'running');
    const [again, other] = await Promise.all([
      RtmpClient.publish(`${here.rtmpUrl}/live/open`),
      RtmpClient.publish(`${elsewhere.rtmpUrl}/live/open`),
    ]);
    expect(again.statuses).toEqual(['NetStream.Publish.BadName: open is already published here']);
    expect(other.statuses).toEqual(['NetStream.Publish.BadName: open is already published at worker worker-1']);
    const ffmpeg = publishClip(`${elsewhere.rtmpUrl}/live/open`);
    expect((await ffmpeg.exited).code).not.toBe(0);
    await until(() => again.isClosed && other.isClosed, { what: 'the end of both connections' });

    expect(await fleet.api.push(id)).toMatchObject({ status: 'running', errors: {}, dropped_frames: 0 });
    await first.stop('SIGINT');
    await fleet.api.waitForSilence(id);
    await fleet.api.pause(id);
    await nginx.untilGone('open');
    const { video, audio } = await compareDelivery(sent, nginx.recording('open'));
    console.log(JSON.stringify({ video, audio }));
    for (const track of [video, audio]) expect(track).toMatchObject({ skipped: 0, unfinished: 0, lost: 0, surplus: 0 });
    await fleet.api.resume(id);
  });
});

describe('a publisher whose sound comes long after it was announced', () => {
  /** Of x264, High profile, 1280x720. */
  const sps = '6764001facd9405005bb011000000300100000030320f1831960';
  const avcConfig = Buffer.from(`17000000000164001fffe1001a${sps}01000568ebecb22c`, 'hex');
  const aacConfig = Buffer.from('af001190', 'hex');
  const metadata = encodeAmf('onMetaData', { videocodecid: 7, audiocodecid: 10, width: 1280, height: 720 });
  /** A sync picture and others, none like another. */
  const pictures = Array.from({ length: 24 }, (_, n) => {
    const head = Buffer.from([0, 0, 0, 0, n === 0 ? 0x65 : 0x41]);
    head.writeUInt32BE(8_001);
    return Buffer.concat([head, randomBytes(8_000)]);
  });
  const md5 = (data: Buffer) => `MD5:${createHash('md5').update(data).digest('hex')}`;

  it('has every picture delivered as it was sent: what waits is kept while more comes in', async () => {
    const id = await idOf('early');
    const client = await RtmpClient.publish(`${here.rtmpUrl}/live/early`);
    client.send(MESSAGE.data, 0, metadata);
    client.send(MESSAGE.video, 0, avcConfig);
    for (const [n, picture] of pictures.entries()) {
      const tag = Buffer.from([n === 0 ? 0x17 : 0x27, 1, 0, 0, 0]);
      client.send(MESSAGE.video, n * 40, Buffer.concat([tag, picture]));
    }
    client.send(MESSAGE.audio, 0, aacConfig);
    for (let n = 0; n < 45; n++) client.send(MESSAGE.audio, n * 21, Buffer.from([0xaf, 1, 0x21, n]));
    await until(async () => (await fleet.api.push(id)).frames >= pictures.length, { what: 'the push to send' });
    client.end();
    await until(async () => (await fleet.api.stream('early')).source === null, { what: 'its end' });
    await fleet.api.waitForSilence(id);
    await fleet.api.pause(id);
    await nginx.untilGone('early');
    const received = (await packets(nginx.recording('early'))).filter(({ kind }) => kind === 'video');
    expect(received.map(({ hash }) => hash)).toEqual(pictures.map(md5));
  });
});

describe('publishers of a name that come at the same moment', () => {
  it('are all refused but one, at one worker as well as at two', async () => {
    const urls = [here, here, here, elsewhere, elsewhere].map(({ rtmpUrl }) => `${rtmpUrl}/live/moving`);
    const clients = await Promise.all(urls.map((url) => RtmpClient.publish(url)));
    expect(clients.filter(({ isAccepted }) => isAccepted)).toHaveLength(1);
    for (const client of clients) client.close();
    await until(async () => (await fleet.api.stream('moving')).source === null, { what: 'the end of the publication' });
  });
});

describe('a publisher that has fallen silent without an end', () => {
  it('gives way to a new one with the right password; the push goes on over the same connection', async () => {
    const id = await idOf('guarded');
    const silent = await publish(here, 'live/guarded?password=open-sesame');
    await fleet.api.waitForStatus(id, 'running');
    silent.kill('SIGSTOP');
    const since = performance.now();
    const successor = await until(
      async () => {
        const impostor = await RtmpClient.publish(`${here.rtmpUrl}/live/guarded?password=open-barley`);
        expect(impostor.statuses).toEqual(['NetStream.Publish.Denied: wrong password']);
        const client = await RtmpClient.publish(`${here.rtmpUrl}/live/guarded?password=open-sesame`);
        return client.isAccepted && client;
      },
      { what: 'a new publisher to be accepted' },
    );
    const replacedAfterMs = Math.round(performance.now() - since);
    console.log(`replaced ${replacedAfterMs} ms after the last byte`);
    expect(replacedAfterMs).toBeGreaterThan(2_500);
    expect(replacedAfterMs).toBeLessThan(GIVES_WAY_MS);
    successor.close();
    silent.kill('SIGCONT');
    expect((await silent.exited).code).not.toBe(0); // its connection has been closed

    const publisher = await publish(here, 'live/guarded?password=open-sesame');
    await fleet.api.waitForStatus(id, 'running');
    await until(async () => (await fleet.api.push(id)).frames > 300, { what: 'media of the new publisher' });
    await publisher.stop();
    await fleet.api.pause(id);
    await nginx.untilGone('guarded');
    const attempts = await fleet.api.waitForAttempts(id, 1);
    expect(attempts).toMatchObject([{ cause: 'stopped', failed: false }]); // one connection for all publishers
    const recording = nginx.recording('guarded');
    expect(await decodeErrors(recording)).toEqual([]);
    const streams = await monotonic(recording);
    console.log(JSON.stringify(streams));
    expect(streams.map(({ nonMonotonic }) => nonMonotonic)).toEqual([0, 0]);
  });

  it('gives way at another worker as well, for an encoder may come back anywhere', async () => {
    const silent = await publish(here, 'live/moving');
    silent.kill('SIGSTOP');
    const since = performance.now();
    const successor = await until(
      async () => {
        const client = await RtmpClient.publish(`${elsewhere.rtmpUrl}/live/moving`);
        return client.isAccepted && client;
      },
      { what: 'another worker to accept the name' },
    );
    const acceptedAfterMs = Math.round(performance.now() - since);
    console.log(`accepted at another worker ${acceptedAfterMs} ms after the last byte`);
    expect(acceptedAfterMs).toBeGreaterThan(2_500);
    expect(acceptedAfterMs).toBeLessThan(GIVES_WAY_MS);
    const isThere = async () => (await fleet.api.stream('moving')).source?.worker === 'worker-2';
    await until(isThere, { what: 'the stream to be at worker-2' });
    successor.close();
    silent.kill('SIGCONT');
    await silent.exited;
  });
});
