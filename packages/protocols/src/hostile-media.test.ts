import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readClip, SYNC_CLIP } from './container/flv/testing/clip.ts';
import { Fmp4Demuxer } from './container/fmp4/demuxer.ts';
import { mux as muxFmp4 } from './container/fmp4/testing/clips.ts';
import { TsDemuxer } from './container/mpegts/demuxer.ts';
import { TsMuxer } from './container/mpegts/muxer.ts';
import type { TrackEvents } from './container/track-gate.ts';
import { hlsWireFormat } from './hls/segmenter.ts';
import { MalformedError } from './index.ts';
import { m4sWireFormat } from './m4s/packager.ts';
import { Timeline } from './media/timeline.ts';
import { Channel } from './packager/channel.ts';
import { rtmpWireFormat } from './rtmp/packager.ts';
import { tsHttpWireFormat } from './tshttp/packager.ts';

const { tracks, samples } = readClip(SYNC_CLIP);
const clip = { tracks, samples: samples.slice(0, 120) };

function muxTs(): Buffer {
  const muxer = new TsMuxer();
  muxer.setTracks(clip.tracks);
  muxer.startSegment();
  for (const sample of clip.samples) muxer.append(sample);
  return muxer.take();
}

interface Demuxer {
  push(bytes: Buffer): void;
  end(): void;
}
const CONTAINERS: readonly [string, Buffer, (events: TrackEvents) => Demuxer][] = [
  ['fragmented MP4', muxFmp4(clip), (events) => new Fmp4Demuxer(events)],
  ['MPEG-TS', muxTs(), (events) => new TsDemuxer(events)],
];

/** As a stream of the process takes them: on one line of time, into a channel of each wire format with a feed. */
function openStream() {
  const channels = [
    rtmpWireFormat({ chunkSize: 4096, messageStreamId: 1, timeline: 0 }),
    tsHttpWireFormat(),
    m4sWireFormat(),
    hlsWireFormat({ durationMs: 500, targetDurationS: undefined, maxTargetDurationS: Number.POSITIVE_INFINITY }),
  ].map((format) => new Channel(format, []));
  let bytes = 0;
  const write = (batch: Buffer) => {
    bytes += batch.length;
  };
  for (const channel of channels) channel.openFeed().open({ write, end: () => {}, pendingBytes: 0 });
  const timeline = new Timeline();
  let nowMs = 0;
  const events: TrackEvents = {
    tracks: (list) => {
      for (const channel of channels) channel.setTracks(list);
    },
    sample: (sample) => {
      const placed = timeline.place(sample);
      nowMs += 10;
      if (placed !== undefined) for (const channel of channels) channel.append(placed, nowMs);
    },
  };
  const end = () => {
    for (const channel of channels) channel.end();
    return bytes;
  };
  return { events, end };
}

function play(bytes: Buffer, create: (events: TrackEvents) => Demuxer): number {
  const { events, end } = openStream();
  const demuxer = create(events);
  try {
    demuxer.push(bytes);
    demuxer.end();
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
  }
  return end();
}

/** Four bytes at a place, more often near the begin, where the descriptions are. */
const damage = fc.record({
  place: fc.oneof(fc.nat(1500), fc.nat()),
  value: fc.oneof(fc.constantFrom(0, 0xffffffff, 0x7fffffff, 1), fc.nat()),
});

describe('hostile media', () => {
  it.each(CONTAINERS)('in %s does not break the packager of any protocol', (_name, bytes, create) => {
    expect(play(bytes, create)).toBeGreaterThan(bytes.length); // sound media go through all of them
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 6 }), (damages) => {
        const damaged = Buffer.from(bytes);
        for (const { place, value } of damages) damaged.writeUInt32BE(value >>> 0, place % (damaged.length - 4));
        play(damaged, create);
      }),
      { numRuns: 250 },
    );
  });
});
