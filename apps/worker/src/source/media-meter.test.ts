import { describe, expect, it } from 'vitest';
import { MediaMeter } from './media-meter.ts';
import { audio, picture, sound, video } from './testing/samples.ts';

describe('MediaMeter', () => {
  it('measures rate, frames and groups of pictures of the window before', () => {
    const meter = new MediaMeter();
    let bytes = 0;
    for (let ms = 0; ms < 4_040; ms += 40) {
      const sample = picture(ms, ms % 1_000 === 0);
      if (ms < 2_000) bytes += sample.data.length;
      meter.count(sample, 10_000 + ms);
    }
    const { tracks } = meter.describe([video, audio]);
    expect(tracks[0]).toMatchObject({ kind: 'video', codec: video.codec, width: video.width, fps: 25, gop_ms: 1_000 });
    expect(tracks[0]!.bitrate_bps).toBeCloseTo((bytes * 8) / 2, -2);
    expect(tracks[1]).toMatchObject({ kind: 'audio', fps: null, sample_rate: audio.sampleRate, bitrate_bps: 0 });
  });

  it('takes a silence for none of the rate', () => {
    const meter = new MediaMeter();
    for (let ms = 0; ms <= 2_000; ms += 20) meter.count(sound(ms), ms);
    const before = meter.describe([audio]).bitrate_bps;
    expect(before).toBeGreaterThan(0);
    for (let ms = 60_000; ms <= 62_000; ms += 20) meter.count(sound(ms), ms);
    expect(meter.describe([audio]).bitrate_bps / before).toBeCloseTo(1, 1);
  });
});
