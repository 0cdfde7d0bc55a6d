import { execPath } from 'node:process';
import { PublishError, type Sample, type Track } from '@pushfleet/protocols';
import { describe, expect, it } from 'vitest';
import { dtsMs } from './file/dts-order.ts';
import { FakeClock } from './file/testing/fake-clock.ts';
import { clip, hasMediaTools, MediaFolder } from './file/testing/media-tools.ts';
import { pathOfFileUrl, playFile } from './file-source.ts';

/** Plays the clip until `isEnough`, and says what came when. */
async function play(isEnough: (samples: readonly Sample[]) => boolean, clock = new FakeClock(), path = clip) {
  const samples: Sample[] = [];
  const calls: string[] = [];
  const sentMs: number[] = [];
  const aborter = new AbortController();
  const events = {
    tracks: (tracks: readonly Track[]) =>
      calls.push(tracks.map((track) => (track.kind === 'video' ? `${track.width}` : track.codec)).join('+')),
    sample: (sample: Sample) => {
      calls.push('sample');
      samples.push(sample);
      sentMs.push(clock.now());
      if (isEnough(samples)) aborter.abort();
    },
  };
  await playFile(path, events, aborter.signal, clock);
  return { samples, calls, sentMs, clock };
}

const forMs = (ms: number) => (samples: readonly Sample[]) => dtsMs(samples.at(-1)!) - dtsMs(samples[0]!) >= ms;

describe('playFile', () => {
  it('announces the tracks once, before the first sample, also when the file goes round', async () => {
    const { calls } = await play(forMs(25_000));
    expect(calls[0]).toBe('640+aac');
    expect(new Set(calls.slice(1))).toEqual(new Set(['sample']));
  });

  it.skipIf(!hasMediaTools)(
    'announces a new configuration before its first sample, and the first one again with each round',
    async () => {
      using folder = new MediaFolder();
      const { calls } = await play(forMs(8000), new FakeClock(), folder.makeChanging('changing.ts'));
      const announced = calls.filter((call) => call !== 'sample');
      expect(announced.slice(0, 4)).toEqual(['320+aac', '480+aac', '320+aac', '480+aac']);
    },
  );

  it('sends no sample before its time, and none more than 10 ms late', async () => {
    const { samples, sentMs } = await play(forMs(25_000));
    const origin = sentMs[0]! - dtsMs(samples[0]!);
    const late = samples.map((sample, index) => sentMs[index]! - origin - dtsMs(sample));
    expect(Math.min(...late)).toBeGreaterThan(-0.001);
    expect(Math.max(...late)).toBeLessThanOrEqual(10.001);
  });

  it('needs at most 100 timers a second', async () => {
    const { clock } = await play(forMs(20_000));
    expect(clock.sleeps).toBeGreaterThan(0);
    expect(clock.sleeps).toBeLessThanOrEqual(2000);
  });

  it('sends at most a second of media at once after a halt of a minute', async () => {
    const clock = new FakeClock();
    const halted = (samples: readonly Sample[]): boolean => {
      if (samples.length === 100) clock.nowMs += 60_000;
      return forMs(8000)(samples);
    };
    const { samples, sentMs } = await play(halted, clock);
    const burst = samples.filter((_, index) => sentMs[index] === sentMs[100]);
    expect(dtsMs(burst.at(-1)!) - dtsMs(burst[0]!)).toBeGreaterThan(900);
    expect(dtsMs(burst.at(-1)!) - dtsMs(burst[0]!)).toBeLessThanOrEqual(1000);
  });

  it('keeps step with the clock of the system', async () => {
    const aborter = new AbortController();
    const arrivals: { mediaMs: number; atMs: number }[] = [];
    const events = {
      tracks: () => {},
      sample: (sample: Sample) => {
        arrivals.push({ mediaMs: dtsMs(sample), atMs: performance.now() });
        if (dtsMs(sample) - arrivals[0]!.mediaMs >= 1500) aborter.abort();
      },
    };
    await playFile(clip, events, aborter.signal);
    // Nine of ten come in time: what the machine is late for is made good.
    const lateMs = arrivals.map(({ mediaMs, atMs }) => atMs - mediaMs).sort((a, b) => a - b);
    const at = (share: number) => lateMs[Math.floor((lateMs.length - 1) * share)]!;
    expect(at(0.95) - at(0.05)).toBeLessThan(150);
  });

  it('stops at once when it is aborted while it waits', async () => {
    const aborter = new AbortController();
    let samples = 0;
    const waiting: FakeClock = Object.assign(new FakeClock(), {
      sleep: (_: number, signal: AbortSignal) =>
        new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve());
          aborter.abort();
        }),
    });
    await playFile(clip, { tracks: () => {}, sample: () => samples++ }, aborter.signal, waiting);
    expect(samples).toBe(1);
  });

  it('does nothing when it is aborted already', async () => {
    const calls: string[] = [];
    const events = { tracks: () => calls.push('tracks'), sample: () => calls.push('sample') };
    await playFile('/no/such/file.mp4', events, AbortSignal.abort());
    expect(calls).toEqual([]);
  });

  it.each([
    ['is missing', '/no/such/clip.mp4', 'no such file'],
    ['is no media file', execPath, 'unknown container'],
  ])('reports a lost source when the file %s', async (_, path, reason) => {
    const played = playFile(path, { tracks: () => {}, sample: () => {} }, new AbortController().signal);
    await expect(played).rejects.toBeInstanceOf(PublishError);
    await expect(played).rejects.toMatchObject({ code: 'source_lost', message: expect.stringContaining(reason) });
  });

  it('leaves the errors of its consumer as they are', async () => {
    const events = {
      tracks: () => {},
      sample: () => {
        throw new RangeError('of the hub');
      },
    };
    await expect(playFile(clip, events, new AbortController().signal)).rejects.toThrow(RangeError);
  });
});

describe('pathOfFileUrl', () => {
  it.each([
    ['file:///srv/media/clip.mp4', '/srv/media/clip.mp4'],
    ['file://localhost/srv/clip.mp4', '/srv/clip.mp4'],
    ['file:/srv/clip.mp4', '/srv/clip.mp4'],
    ['FILE:///srv/clip.mp4', '/srv/clip.mp4'],
    ['file:///srv/a%20b/100%25.mp4', '/srv/a b/100%.mp4'],
    ['file:///srv/take #2?.mp4', '/srv/take #2?.mp4'],
    ['file:///srv/über.mp4', '/srv/über.mp4'],
    ['file://examples/clip.mp4', `${process.cwd()}/examples/clip.mp4`],
    ['file://./clip.mp4', `${process.cwd()}/clip.mp4`],
    ['file://clip.mp4', `${process.cwd()}/clip.mp4`],
  ])('of %s is %s', (url, path) => {
    expect(pathOfFileUrl(url)).toBe(path);
  });

  it.each([
    ['file://', 'file:///absolute/path.mp4'],
    ['file:///srv/%00.mp4', 'file:///absolute/path.mp4'],
    ['file:///srv/100%.mp4', 'write %25'],
    ['/srv/clip.mp4', 'file:///absolute/path.mp4'],
  ])('refuses %s and says what to write', (url, advice) => {
    expect(() => pathOfFileUrl(url)).toThrow(PublishError);
    expect(() => pathOfFileUrl(url)).toThrow(advice);
  });
});
