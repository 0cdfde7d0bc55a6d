import { describe, expect, it } from 'vitest';
import { type MediaPlaylist, parsePlaylist, serializePlaylist } from './playlist.ts';
import { PlaylistWindow } from './playlist-window.ts';

const segment = (number: number, isDiscontinuity = false, durationMs = 6000) => ({
  uri: `1-${number}.ts`,
  durationMs,
  startsAtMs: Date.UTC(2026, 10, 23) + number * 6000,
  isDiscontinuity,
});
const playlist = (overrides: Partial<MediaPlaylist> = {}): MediaPlaylist => ({
  targetDurationS: 6,
  mediaSequence: 7,
  discontinuitySequence: 0,
  segments: [segment(7), segment(8), segment(9)],
  isEnded: false,
  ...overrides,
});

describe('serializePlaylist', () => {
  it('writes the tags of RFC 8216 in their order', () => {
    const segments = [segment(7), segment(8, true, 2002)];
    expect(serializePlaylist(playlist({ segments, discontinuitySequence: 3, isEnded: true }))).toBe(`#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:6
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-DISCONTINUITY-SEQUENCE:3
#EXT-X-PROGRAM-DATE-TIME:2026-11-23T00:00:42.000Z
#EXTINF:6.000000,
1-7.ts
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2026-11-23T00:00:48.000Z
#EXTINF:2.002000,
1-8.ts
#EXT-X-ENDLIST
`);
  });

  it.each([
    ['live', {}],
    ['ended', { isEnded: true }],
    ['with discontinuities', { discontinuitySequence: 2, segments: [segment(7, true), segment(8), segment(9, true)] }],
    ['without times', { segments: [{ ...segment(7), startsAtMs: undefined }] }],
  ])('is read back by a parser that we did not write: %s', (_, overrides: Partial<MediaPlaylist>) => {
    expect(parsePlaylist(serializePlaylist(playlist(overrides)))).toEqual(playlist(overrides));
  });
});

describe('parsePlaylist', () => {
  it.each([
    ['nothing', ''],
    ['a page', '<!DOCTYPE html><html><body>404</body></html>'],
    ['bytes', Buffer.from([0, 1, 2, 0x47, 0xff]).toString('latin1')],
    ['a multivariant playlist', '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n'],
    ['an empty playlist', '#EXTM3U\n#EXT-X-TARGETDURATION:6\n'],
    [
      'a number that cannot be',
      '#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:9007199254740993\n#EXTINF:6,\nx.ts\n',
    ],
  ])('takes %s for no playlist', (_, text) => {
    expect(parsePlaylist(text)).toBeUndefined();
  });

  it('makes of damaged playlists none, or one that can be written again', () => {
    const whole = serializePlaylist(playlist({ discontinuitySequence: 3, segments: [segment(7), segment(8, true)] }));
    const spoilers = ['-', '9'.repeat(30), '1e400', 'NaN', '.', '"', ',', '\n', '#EXT', '\u0000'];
    let readable = 0;
    for (let offset = 0; offset < whole.length; offset++) {
      for (const spoiler of spoilers) {
        const found = parsePlaylist(whole.slice(0, offset) + spoiler + whole.slice(offset + 1));
        if (found === undefined) continue;
        readable += 1;
        expect(serializePlaylist(found)).not.toMatch(/^#.*(NaN|Infinity|undefined|e\+)/m);
      }
    }
    expect(readable).toBeGreaterThan(100);
  });

  it('goes on behind segments that cannot be listed again', () => {
    const text =
      '#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:5\n#EXT-X-MAP:URI="i.mp4"\n#EXTINF:6,\na.m4s\n#EXTINF:6,\nb.m4s\n';
    expect(parsePlaylist(text)).toMatchObject({ mediaSequence: 7, segments: [] });
  });
});

describe('PlaylistWindow', () => {
  it('keeps three target durations, however short the segments are', () => {
    const window = new PlaylistWindow(playlist({ segments: [], targetDurationS: 0 }));
    for (let number = 0; number < 20; number++) {
      window.add(segment(number, false, 4000), 6);
      window.trimLive(3);
    }
    expect(window.length).toBe(5);
    expect(window.durationMs).toBeGreaterThanOrEqual(18_000);
  });

  it('counts what leaves, and the discontinuities among it', () => {
    const window = new PlaylistWindow(
      playlist({ segments: [segment(7, true), segment(8), segment(9, true), segment(10)] }),
    );
    expect(window.trim(1).map(({ uri }) => uri)).toEqual(['1-7.ts', '1-8.ts', '1-9.ts']);
    expect(window.snapshot()).toMatchObject({ mediaSequence: 10, discontinuitySequence: 2 });
    expect(window.nextSequence).toBe(11);
  });

  it('never makes a target duration smaller', () => {
    const window = new PlaylistWindow(playlist());
    window.add(segment(10), 4);
    expect(window.snapshot().targetDurationS).toBe(6);
    window.add(segment(11), 9);
    expect(window.snapshot().targetDurationS).toBe(9);
  });
});
