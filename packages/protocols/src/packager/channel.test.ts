import { describe, expect, it } from 'vitest';
import { holdsAny, type Sample } from '../media/sample.ts';
import type { Track } from '../media/track.ts';
import type { BatchSink } from '../publisher/publisher.ts';
import { Channel, type ChannelOptions } from './channel.ts';
import type { Packager, WireBatch, WireFormat } from './packager.ts';

const video = { kind: 'video', timescale: 1000 } as Track;
const audio = { kind: 'audio', timescale: 1000 } as Track;

/** Writes samples as words: `V0`, `v40`, `a21`; the header as `<header of tracks 0>`. */
class WordPackager implements Packager {
  #samples: Sample[] = [];
  #version = -1;
  #hasVideo = false;

  setTracks(tracks: readonly Track[]): void {
    this.#version += 1;
    this.#hasVideo = tracks.some(({ kind }) => kind === 'video');
  }

  header(): Buffer {
    return Buffer.from(`<${this.#version}>`);
  }

  append(sample: Sample): void {
    this.#samples.push(sample);
  }

  holds(memory: ArrayBufferLike): boolean {
    return holdsAny(this.#samples, memory);
  }

  flush(): WireBatch | undefined {
    const samples = this.#samples;
    const [first] = samples;
    if (first === undefined) return undefined;
    this.#samples = [];
    const videoSamples = samples.filter(({ track }) => track.kind === 'video').length;
    return {
      bytes: Buffer.concat(samples.map(({ data }) => data)),
      isSync: first.isSync && (first.track.kind === 'video' || !this.#hasVideo),
      dtsMs: first.dts,
      videoSamples,
      audioSamples: samples.length - videoSamples,
    };
  }
}

const format: WireFormat = { key: 'words', createPackager: () => new WordPackager() };
const word = (letter: string, dts: number, track: Track, isSync: boolean): Sample => ({
  track,
  dts,
  pts: dts,
  isSync,
  data: Buffer.from(`${letter}${dts} `),
});
const sync = (dts: number): Sample => word('V', dts, video, true);
const inter = (dts: number): Sample => word('v', dts, video, false);
const sound = (dts: number): Sample => word('a', dts, audio, true);

class WordSink implements BatchSink {
  readonly writes: Buffer[] = [];
  pendingBytes = 0;
  isStuck = false;
  isEnded = false;

  write(bytes: Buffer): void {
    this.writes.push(bytes);
    if (this.isStuck) this.pendingBytes += bytes.length;
  }

  end(): void {
    this.isEnded = true;
  }

  get words(): string {
    return this.writes.join('').trim();
  }
}

const open = (options: Partial<ChannelOptions> = {}, tracks: Track[] = [video, audio]) => {
  const channel = new Channel(format, tracks, options);
  /** As in real time: a sample comes at its decode time. */
  const play = (...samples: Sample[]): void => {
    for (const sample of samples) channel.append(sample, sample.dts);
  };
  const join = (limits = {}) => {
    const sink = new WordSink();
    const feed = channel.openFeed(limits);
    feed.open(sink);
    return { sink, feed };
  };
  return { channel, play, join };
};

describe('Channel makes batches', () => {
  it('with each picture, and the waiting sound in it', () => {
    const { play, join } = open();
    const { sink } = join();
    play(sync(0), sound(5), sound(26), inter(40), sound(47), inter(80));
    expect(sink.writes.map(String)).toEqual(['<0>', 'V0 ', 'a5 a26 v40 ', 'a47 v80 ']);
  });

  it('that begin with a sync sample whenever they hold one', () => {
    const { play, join } = open();
    const { sink } = join();
    play(sync(0), sound(30), sync(40));
    expect(sink.writes.map(String)).toEqual(['<0>', 'V0 ', 'a30 ', 'V40 ']);
  });

  it('of several pictures when asked to', () => {
    const { play, join } = open({ videoSamplesPerBatch: 2 });
    const { sink } = join();
    play(sync(0), inter(40), inter(80), sync(120), inter(160));
    expect(sink.writes.map(String)).toEqual(['<0>', 'V0 v40 ', 'v80 ', 'V120 v160 ']);
  });

  it('every 40 ms without video', () => {
    const { play, join, channel } = open({}, [audio]);
    const { sink } = join();
    play(sound(0), sound(21), sound(43), sound(64));
    expect(sink.writes.map(String)).toEqual(['<0>', 'a0 a21 a43 ']);
    channel.tick(110);
    expect(sink.writes.at(-1)?.toString()).toBe('a64 ');
  });

  it('of sound alone after 80 ms in which no picture came', () => {
    const { play, join, channel } = open();
    const { sink } = join();
    play(sync(0), sound(10), sound(31));
    channel.tick(80);
    expect(sink.words).toBe('<0>V0');
    channel.tick(90);
    expect(sink.words).toBe('<0>V0 a10 a31');
  });
});

describe('Channel and newcomers', () => {
  it('gives them the header and everything since the last sync sample, then each batch', () => {
    const { play, join } = open();
    play(sync(0), inter(40), sync(80), sound(90), inter(120));
    const { sink } = join();
    expect(sink.words).toBe('<0>V80 a90 v120');
    play(inter(160));
    expect(sink.words).toBe('<0>V80 a90 v120 v160');
  });

  it('lets them wait for a sync sample when the kept group has grown too large for it or for them', () => {
    const { play, join } = open({ maxKeptBytes: 12 });
    play(sync(0), inter(40), inter(80), inter(120));
    const first = join();
    play(inter(160), sync(200), inter(240));
    const second = join({ maxPendingBytes: 3 });
    play(sync(280));
    expect(first.sink.words).toBe('<0>V200 v240 V280');
    expect(second.sink.words).toBe('<0>V280');
  });

  it('writes the very same bytes to all', () => {
    const { play, join } = open();
    const [first, second] = [join(), join()];
    play(sync(0), inter(40));
    expect(first.sink.writes[2]).toBe(second.sink.writes[2]);
  });
});

describe('Channel and slow sinks', () => {
  it('drops whole groups of pictures until there is room again, and spares the neighbours', () => {
    const { play, join } = open();
    const slow = join({ maxPendingBytes: 100 });
    const quick = join();
    play(sync(0));
    slow.sink.pendingBytes = 101;
    play(inter(40), sound(50), inter(80));
    expect(slow.feed.stats().dropping).toBe(true);
    play(sync(120));
    slow.sink.pendingBytes = 50;
    play(inter(160), sync(200), inter(240));
    expect(slow.sink.words).toBe('<0>V0 V200 v240');
    expect(quick.sink.words).toBe('<0>V0 v40 a50 v80 V120 v160 V200 v240');
    expect(slow.feed.stats()).toMatchObject({ videoSamples: 3, audioSamples: 0, droppedSamples: 5, dropping: false });
    expect(slow.feed.stats().droppedBytes).toBe(Buffer.byteLength('v40 a50 v80 V120 v160 '));
    expect(quick.feed.stats()).toMatchObject({ videoSamples: 7, audioSamples: 1, droppedSamples: 0 });
  });

  it('drops when the oldest byte has waited too long, however few they are', () => {
    const { play, join } = open();
    const { sink, feed } = join({ maxPendingMs: 1000 });
    sink.isStuck = true;
    play(sync(0), inter(500), inter(1000), inter(1600), sync(1640));
    expect(sink.words).toBe('<0>V0 v500 v1000');
    expect(feed.lagMs(1640)).toBeGreaterThan(1000);
    sink.isStuck = false;
    sink.pendingBytes = 0;
    play(sync(1680));
    expect(sink.words).toBe('<0>V0 v500 v1000 V1680');
    expect(feed.lagMs(1700)).toBe(0);
  });

  it('does not drop at a sink that is steadily a little behind, and tells how far', () => {
    const { play, join } = open();
    const { sink, feed } = join({ maxPendingMs: 1000 });
    for (let time = 0; time < 10_000; time += 100) {
      play(time % 2000 === 0 ? sync(time) : inter(time));
      sink.pendingBytes = sink.writes.slice(-6).reduce((sum, { length }) => sum + length, 0);
    }
    expect(feed.stats().droppedSamples).toBe(0);
    expect(feed.lagMs(10_000)).toBeGreaterThanOrEqual(500);
    expect(feed.lagMs(10_000)).toBeLessThanOrEqual(800);
  });

  it('takes no notice of bytes that were in the sink before the first batch', () => {
    const { play, join } = open();
    const { sink } = join({ maxPendingMs: 1000 });
    sink.pendingBytes = 10;
    play(sync(50_000));
    expect(sink.words).toBe('<0>V50000');
  });

  it('loses a sink that throws, and nothing else', () => {
    const { play, join, channel } = open();
    const broken = join();
    const healthy = join();
    broken.sink.write = () => {
      throw new Error('write after end');
    };
    play(sync(0), inter(40));
    expect(healthy.sink.words).toBe('<0>V0 v40');
    expect(channel.openFeeds).toBe(1);
  });
});

describe('Channel and changes of tracks', () => {
  const otherVideo = { ...video };

  it('does nothing when the tracks are the same objects', () => {
    const { channel, play, join } = open();
    const { sink } = join();
    play(sync(0));
    channel.setTracks([video, audio]);
    play(inter(40));
    expect(sink.words).toBe('<0>V0 v40');
  });

  it('keeps nothing of the old tracks for newcomers', () => {
    const { channel, play, join } = open();
    play(sync(0), inter(40));
    channel.setTracks([otherVideo, audio]);
    const { sink } = join();
    play(sound(50), sync(80));
    expect(sink.words).toBe('<1>V80');
  });

  it('repeats the header for a feed that may have missed the new configuration', () => {
    const { channel, play, join } = open();
    const { sink } = join({ maxPendingBytes: 100 });
    play(sync(0));
    channel.setTracks([otherVideo, audio]);
    play(sound(50), inter(80));
    sink.pendingBytes = 101;
    play(sync(120));
    sink.pendingBytes = 0;
    play(sync(160), sync(200));
    expect(sink.words).toBe('<0>V0 a50 v80 <1>V160 V200');
  });

  it('leaves a feed that goes on without a gap to what the packager puts into the batches', () => {
    const { channel, play, join } = open();
    const { sink } = join({ maxPendingBytes: 100 });
    play(sync(0));
    channel.setTracks([otherVideo, audio]);
    play(sync(40), sync(80));
    sink.pendingBytes = 101;
    play(inter(120));
    sink.pendingBytes = 0;
    play(sync(160));
    expect(sink.words).toBe('<0>V0 V40 V80 V160');
  });
});

describe('Channel and endings', () => {
  it('sends what waits and ends all feeds when the stream ends', () => {
    const { channel, play, join } = open();
    const { sink } = join();
    play(sync(0), sound(10));
    channel.end();
    expect(sink.words).toBe('<0>V0 a10');
    expect(sink.isEnded).toBe(true);
    expect(join().sink.isEnded).toBe(true);
  });

  it('stops delivering to a closed feed without telling its sink, and ends a single feed on request', () => {
    const { channel, play, join } = open();
    const [closed, ended] = [join(), join()];
    play(sync(0));
    closed.feed.close();
    ended.feed.end();
    play(inter(40));
    expect([closed.sink.isEnded, ended.sink.isEnded]).toEqual([false, true]);
    expect([closed.sink.words, ended.sink.words]).toEqual(['<0>V0', '<0>V0']);
    expect(channel.openFeeds).toBe(0);
  });

  it('ends a feed right before the next sync sample, with which another one begins', () => {
    const { play, join } = open();
    const { sink, feed } = join();
    play(sync(0), inter(40));
    feed.endAtSync('handover');
    play(sound(50), inter(80));
    expect(sink.isEnded).toBe(false);
    play(sync(120), inter(160));
    const next = join();
    expect([sink.words, sink.isEnded]).toEqual(['<0>V0 v40 a50 v80', true]);
    expect(next.sink.words).toBe('<0>V120 v160');
  });

  it('does not wait for a sync sample where nothing was begun or something is left out', () => {
    const { play, join } = open();
    const fresh = join();
    const slow = join({ maxPendingBytes: 3 });
    fresh.feed.endAtSync('handover');
    play(sync(0));
    slow.sink.pendingBytes = 4;
    play(inter(40));
    slow.feed.endAtSync('handover');
    expect([fresh.sink.isEnded, slow.sink.isEnded]).toEqual([true, true]);
  });

  it('ends a feed sooner when it is told to after all', () => {
    const { play, join } = open();
    const { sink, feed } = join();
    play(sync(0), inter(40));
    feed.endAtSync('handover');
    feed.end('handover');
    play(inter(80), sync(120));
    expect([sink.words, sink.isEnded]).toEqual(['<0>V0 v40', true]);
  });

  it('survives sinks that open and close feeds while a batch goes round', () => {
    const { play, join } = open();
    const [first, second] = [join(), join()];
    let late: ReturnType<typeof join> | undefined;
    first.sink.write = () => {
      second.feed.close();
      late ??= join();
    };
    play(sync(0), inter(40));
    expect(second.sink.words).toBe('');
    expect(late?.sink.words).toBe('<0>V0 v40');
  });
});
