import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFaultProxy } from './fault-proxy.ts';
import { publishClip } from './ffmpeg.ts';
import { publishWithGstreamer } from './gstreamer.ts';
import { type RtmpSink, startRtmpSink, type Verdict } from './rtmp-sink.ts';
import { until } from './until.ts';

let sink: RtmpSink;
let verdict: Verdict;
beforeEach(async () => {
  verdict = 'accept';
  sink = await startRtmpSink({ decide: () => verdict });
});
afterEach(() => sink.stop());

const untilMedia = (name: string) =>
  until(() => sink.open(name).some(({ lastMediaAt }) => lastMediaAt !== undefined), { what: `media of ${name}` });

describe('the RTMP sink', () => {
  it('counts every frame that ffmpeg publishes', async () => {
    const publisher = publishClip(`${sink.url}/whole?token=secret`, { loop: false, realtime: false });
    expect(await publisher.exited).toEqual({ code: 0, signal: null });
    await until(() => sink.open().length === 0, { what: 'the end of the publication' });
    expect(sink.violations).toEqual([]);
    expect(sink.publications).toMatchObject([
      // one more of each: the sequence header; ffmpeg ends video with an end-of-sequence message
      { app: 'live', name: 'whole', videoMessages: 402, audioMessages: 751, timestampRegressions: 0 },
    ]);
    const [publication] = sink.publications;
    expect(publication!.lastTimestampMs! - publication!.firstTimestampMs!).toBeGreaterThan(15_900);
    expect(publication!.bytes).toBeGreaterThan(80_000);
  });

  it('takes in GStreamer, which keeps other habits', async () => {
    const publisher = publishWithGstreamer(`${sink.url}/gst`);
    await untilMedia('gst');
    await until(() => sink.of('gst')[0]!.videoMessages > 10, { what: 'ten frames of video' });
    expect(sink.violations).toEqual([]);
    await publisher.stop();
    await until(() => sink.open('gst').length === 0, { what: 'the end of the publication' });
  });

  it('tells publishers of one name that were there at once from those that followed one another', async () => {
    const first = publishClip(`${sink.url}/same`);
    await untilMedia('same');
    const other = publishClip(`${sink.url}/other`);
    await untilMedia('other');
    await first.stop();
    await until(() => sink.open('same').length === 0, { what: 'the end of the first' });
    const second = publishClip(`${sink.url}/same`);
    await until(() => (sink.of('same')[1]?.videoMessages ?? 0) > 0, { what: 'the second' });
    expect(sink.overlaps('media')).toEqual([]);
    expect(sink.overlaps('connection')).toEqual([]);
    expect(sink.gapsMs('same')).toEqual([expect.any(Number)]);
    expect(sink.gapsMs('same')[0]).toBeGreaterThan(0);

    const third = publishClip(`${sink.url}/same`);
    await until(() => (sink.of('same')[2]?.videoMessages ?? 0) > 0, { what: 'the third' });
    await until(() => sink.overlaps('media').length === 1, { what: 'the overlap' });
    expect(sink.overlaps('connection')).toHaveLength(1);
    await Promise.all([other, second, third].map((publisher) => publisher.stop()));
  });

  it.each(['refuse', 'close-after-start'] as const)('makes ffmpeg fail when told to %s', async (refusal) => {
    verdict = refusal;
    const publisher = publishClip(`${sink.url}/unwanted`);
    expect((await publisher.exited).code).not.toBe(0);
    expect(sink.publications).toHaveLength(refusal === 'refuse' ? 0 : 1);
  });

  it('tells a publisher that said goodbye from one that vanished, was cut off, or was dropped', async () => {
    const proxy = await startFaultProxy(sink.port);
    const publishers = {
      polite: publishClip(`${sink.url}/polite`),
      killed: publishClip(`${sink.url}/killed`),
      reset: publishClip(`rtmp://127.0.0.1:${proxy.port}/live/reset`),
      dropped: publishClip(`${sink.url}/dropped`),
    };
    await Promise.all(Object.keys(publishers).map(untilMedia));
    publishers.polite.kill('SIGTERM');
    publishers.killed.kill('SIGKILL');
    proxy.reset();
    sink.drop('dropped');
    const ends = () =>
      sink.publications.map(({ name, goodbyes, connectionEnd }) => [name, goodbyes.length, connectionEnd]);
    await until(() => ends().every(([, , end]) => end !== undefined), { what: () => `all ends, got ${ends()}` });
    const byName = Object.fromEntries(ends().map(([name, ...end]) => [name as string, end]));
    expect(byName).toMatchObject({ polite: [2, 'fin'], reset: [0, 'reset'], dropped: [0, 'dropped'] });
    expect(byName.killed?.[0]).toBe(0);
    await Promise.all(Object.values(publishers).map(({ exited }) => exited));
    await proxy.stop();
  });

  it('drops the publishers of a name, and only those', async () => {
    const publishers = ['stays', 'goes'].map((name) => publishClip(`${sink.url}/${name}`));
    await Promise.all([untilMedia('stays'), untilMedia('goes')]);
    sink.drop('goes');
    expect((await publishers[1]!.exited).code).not.toBe(0);
    expect(sink.open().map(({ name }) => name)).toEqual(['stays']);
    await publishers[0]!.stop();
  });

  it('lets ffmpeg in with the right login, and nobody with another', async () => {
    const guarded = await startRtmpSink({ login: { user: 'me', password: 'pass' } });
    const as = (login: string) =>
      publishClip(`rtmp://${login}127.0.0.1:${guarded.port}/live/name`, { loop: false, realtime: false }).exited;
    for (const login of ['', 'me:wrong@']) expect((await as(login)).code).not.toBe(0);
    expect(guarded.publications).toEqual([]);
    expect((await as('me:pass@')).code).toBe(0);
    expect(guarded.publications).toHaveLength(1);
    await guarded.stop();
  });
});
