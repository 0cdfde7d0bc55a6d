import { rtmpWireFormat } from '@pushfleet/protocols';
import { describe, expect, it } from 'vitest';
import { StreamHub } from './stream-hub.ts';
import { record } from './testing/recorder.ts';
import { audio, picture, sound, video } from './testing/samples.ts';

/** Collects what one connection would send. */
function connect(hub: StreamHub, timeline = 0) {
  const written: Buffer[] = [];
  const feed = hub.openFeed(rtmpWireFormat({ chunkSize: 65_536, messageStreamId: 1, timeline }));
  feed.open({ write: (bytes) => void written.push(bytes), end: () => {}, pendingBytes: 0 });
  return { written, feed };
}

describe('StreamHub', () => {
  it('is live once a connection could start with a picture, and no longer when its source has ended', () => {
    const hub = new StreamHub('cam');
    const source = hub.begin();
    expect(hub.live).toBe(false);
    source.tracks([video]);
    source.sample(picture(40, false));
    expect(hub.live).toBe(false);
    source.sample(picture(80, true));
    expect(hub.live).toBe(true);
    expect(hub.quietMs).toBeLessThan(1_000);
    source.end();
    expect(hub.live).toBe(false);
    expect(hub.quietMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('sends the last sound, which waits for a picture, when its source ends', () => {
    const hub = new StreamHub('cam');
    const source = hub.begin();
    source.tracks([video, audio]);
    source.sample(picture(40, true));
    const { written } = connect(hub);
    source.sample(sound(60));
    const before = written.length;
    source.end();
    expect(written.length).toBe(before + 1);
  });

  it('sends as many pictures at a time as it is told to', () => {
    const hub = new StreamHub('cam', {}, { videoSamplesPerBatch: 3 });
    const source = hub.begin();
    source.tracks([video]);
    source.sample(picture(0, true));
    const { written } = connect(hub);
    for (const timeMs of [40, 80]) source.sample(picture(timeMs, false));
    const before = written.length;
    for (const timeMs of [120, 160, 200, 240]) source.sample(picture(timeMs, false));
    expect(written.length).toBe(before + 1);
    source.sample(picture(280, true)); // a connection may begin here: what waits goes first
    expect(written.length).toBe(before + 2);
  });

  it('is not live with sound alone while a picture is announced', () => {
    const hub = new StreamHub('cam');
    const source = hub.begin();
    source.tracks([video, audio]);
    source.sample(sound(0));
    expect(hub.live).toBe(false);
    source.sample(picture(20, true));
    expect(hub.live).toBe(true);
  });

  it('shares the very same bytes among all connections of a wire format', () => {
    const hub = new StreamHub('cam');
    const source = hub.begin();
    source.tracks([video]);
    source.sample(picture(0, true));
    const [a, b] = [connect(hub), connect(hub)];
    source.sample(picture(40, false));
    source.sample(picture(80, false));
    expect(a.written.length).toBeGreaterThan(2);
    expect(a.written.at(-1)).toBe(b.written.at(-1));
  });

  it('gives a newcomer the kept group of pictures at once', () => {
    const hub = new StreamHub('cam');
    const source = hub.begin();
    source.tracks([video]);
    source.sample(picture(0, true));
    source.sample(picture(40, false));
    const early = connect(hub);
    source.sample(picture(80, false));
    const late = connect(hub);
    expect(Buffer.concat(late.written).equals(Buffer.concat(early.written))).toBe(true);
  });

  it('cuts an older source off when a new one begins, and goes on in time', () => {
    const hub = new StreamHub('cam');
    const old = hub.begin();
    old.tracks([video]);
    old.sample(picture(5_000, true));
    const { written } = connect(hub);
    const before = written.length;
    const fresh = hub.begin();
    old.sample(picture(5_040, false));
    old.end();
    expect(written.length).toBe(before);
    fresh.tracks([video]);
    fresh.sample(picture(0, true));
    expect(hub.live).toBe(true);
    expect(written.length).toBeGreaterThan(before);
  });

  it('wakes those who wait with the next sample, and lets one go that is aborted', async () => {
    const hub = new StreamHub('cam');
    const abort = new AbortController();
    const patient = hub.nextSample(new AbortController().signal);
    const impatient = hub.nextSample(abort.signal);
    abort.abort(new Error('stopped'));
    await expect(impatient).rejects.toThrow('stopped');
    const source = hub.begin();
    source.tracks([video]);
    source.sample(picture(0, true));
    await expect(patient).resolves.toBeUndefined();
  });

  it('keeps the other formats and the source when one format cannot say what the stream gives', () => {
    const faults: unknown[] = [];
    const hub = new StreamHub('cam', { failed: (error) => faults.push(error) });
    const source = hub.begin();
    source.tracks([video]);
    source.sample(picture(40, true));
    const { written } = connect(hub);
    const ends: string[] = [];
    const packager = {
      setTracks: () => {},
      header: () => Buffer.alloc(0),
      append: failAtSecond(),
      holds: () => false,
      flush: () => undefined,
    };
    const broken = hub.openFeed({ key: 'broken', createPackager: () => packager });
    broken.open({ write: () => {}, end: (kind) => ends.push(kind), pendingBytes: 0 });
    const before = written.length;
    source.sample(picture(80, false));
    expect(written.length).toBeGreaterThan(before);
    expect([faults.length, ends]).toEqual([1, ['handover']]);
    expect(hub.live).toBe(true);
  });

  it('needs the memory of samples for as long as it keeps them, or a format does', () => {
    const hub = new StreamHub('cam');
    const source = hub.begin();
    source.tracks([video]);
    const [first, second] = [picture(40, true), picture(80, true)].map((sample) => ({
      ...sample,
      data: Buffer.alloc(9_000),
    }));
    source.sample(first!);
    expect(hub.holds(first!.data.buffer)).toBe(true);
    source.sample(second!);
    expect(hub.holds(first!.data.buffer)).toBe(false);
    const { sent } = record(hub);
    source.sample(picture(120, true));
    expect(sent()[0]!.data).toBe(second!.data);
    expect(hub.holds(second!.data.buffer)).toBe(true);
  });
});

function failAtSecond(): () => void {
  let count = 0;
  return () => {
    count += 1;
    if (count === 2) throw new RangeError('too large for its field');
  };
}
