import type { Sample } from '@pushfleet/protocols';
import { describe, expect, it, vi } from 'vitest';
import { Candidate } from './candidate.ts';
import { StreamHub } from './stream-hub.ts';
import { record } from './testing/recorder.ts';
import { audio, picture, sound, video } from './testing/samples.ts';

function enter(hub: StreamHub, mayTakeOver = () => true) {
  const tookOver = vi.fn();
  return { candidate: new Candidate(hub, { mayTakeOver, tookOver }), tookOver };
}

describe('Candidate', () => {
  it('gives nothing before its first sync sample, and from it on everything', () => {
    const hub = new StreamHub('cam');
    const { sent } = record(hub);
    const { candidate, tookOver } = enter(hub);
    candidate.tracks([video, audio]);
    candidate.sample(sound(0));
    candidate.sample(picture(20, false));
    expect(sent()).toEqual([]);
    expect([hub.tracks, hub.quietMs]).toEqual([[], Number.POSITIVE_INFINITY]);
    candidate.sample(picture(60, true));
    candidate.sample(sound(70));
    candidate.sample(picture(100, false));
    expect(tookOver).toHaveBeenCalledTimes(1);
    expect(sent().map(({ track, isSync }) => [track.kind, isSync])).toEqual([
      ['video', true],
      ['audio', true],
      ['video', false],
    ]);
  });

  it('starts with any sound when it has no picture', () => {
    const hub = new StreamHub('radio');
    const { candidate } = enter(hub);
    candidate.tracks([audio]);
    candidate.sample(sound(0));
    expect([candidate.isOn, hub.live]).toEqual([true, true]);
  });

  it('leaves the stream to the one before until the very sample with which it takes over', () => {
    const hub = new StreamHub('cam');
    const { sent } = record(hub);
    const [old, fresh] = [enter(hub).candidate, enter(hub).candidate];
    old.tracks([video]);
    old.sample(picture(0, true));
    const other = { ...video, width: 640, timescale: 90_000 };
    const freshPicture = (dts: number, isSync: boolean): Sample => ({ ...picture(dts, isSync), track: other });
    fresh.tracks([other]);
    fresh.sample(freshPicture(9_000_000, false));
    old.sample(picture(40, false));
    expect(hub.tracks).toEqual([video]);
    fresh.sample(freshPicture(9_003_600, true));
    old.sample(picture(80, false));
    fresh.sample(freshPicture(9_007_200, false));
    expect(sent().map(({ track }) => track)).toEqual([video, video, other, other]);
    const timesMs = sent().map(({ dts, track }) => (dts * 1000) / track.timescale);
    expect(timesMs.map((time) => time - timesMs[0]!)).toEqual([0, 40, 80, 120]);
    expect([hub.tracks, old.isOn, fresh.isOn]).toEqual([[other], false, true]);
  });

  it('waits for its turn and a sync sample again when another has taken over', () => {
    const hub = new StreamHub('cam');
    const { sent } = record(hub);
    const [first, second] = [enter(hub).candidate, enter(hub).candidate];
    for (const candidate of [first, second]) candidate.tracks([video]);
    first.sample(picture(0, true));
    second.sample(picture(0, true));
    first.sample(picture(40, false));
    expect(sent()).toHaveLength(2);
    first.sample(picture(80, true));
    first.sample(picture(120, false));
    expect([sent().length, first.isOn, second.isOn]).toEqual([4, true, false]);
  });

  it('does not take over unasked, nor once it is closed', () => {
    const hub = new StreamHub('cam');
    const [refused, closed] = [enter(hub, () => false).candidate, enter(hub).candidate];
    closed.close();
    for (const candidate of [refused, closed]) {
      candidate.tracks([video]);
      candidate.sample(picture(0, true));
      expect([candidate.isOn, hub.live]).toEqual([false, false]);
    }
  });

  it('leaves the hub without a source when it is closed while it feeds it, and only then', () => {
    const hub = new StreamHub('cam');
    const [old, fresh] = [enter(hub).candidate, enter(hub).candidate];
    for (const candidate of [old, fresh]) {
      candidate.tracks([video]);
      candidate.sample(picture(0, true));
    }
    old.close();
    expect(hub.live).toBe(true);
    fresh.close();
    expect([hub.live, hub.quietMs]).toEqual([false, Number.POSITIVE_INFINITY]);
  });
});
