import { describe, expect, it, vi } from 'vitest';
import { PublishError } from '../publisher/errors.ts';
import { parsePlaylist } from './player-playlist.ts';

const BASE = 'https://edge.example/live/cam/index.m3u8?token=1';
const text = (...lines: string[]) => ['#EXTM3U', ...lines, ''].join('\n');

describe('parsePlaylist', () => {
  it('reads what a player needs of a media playlist', () => {
    const playlist = parsePlaylist(
      text(
        '#EXT-X-VERSION:7',
        '#EXT-X-TARGETDURATION:4',
        '#EXT-X-MEDIA-SEQUENCE:7',
        '#EXT-X-DISCONTINUITY-SEQUENCE:3',
        '#EXT-X-MAP:URI="init.mp4",BYTERANGE="700@0"',
        '#EXT-X-KEY:METHOD=AES-128,URI="/keys/1?a=b"',
        '#EXTINF:4.0,',
        '#EXT-X-BYTERANGE:1000@700',
        'a.mp4',
        '#EXTINF:4.0,',
        '#EXT-X-BYTERANGE:500',
        'a.mp4',
        '#EXT-X-DISCONTINUITY',
        '#EXT-X-KEY:METHOD=AES-128,URI="http://keys.example/2",IV=0x000102030405060708090a0b0c0d0e0f',
        '#EXT-X-GAP',
        '#EXTINF:4.0,',
        '//other.example/b.mp4#t=1',
        '#EXT-X-KEY:METHOD=NONE',
        '#EXTINF:3.96,',
        '../c.mp4?x=%2F',
        '#EXT-X-ENDLIST',
      ),
      BASE,
    );
    const map = { url: 'https://edge.example/live/cam/init.mp4', range: { offset: 0, length: 700 } };
    const plain = { isDiscontinuity: false, isGap: false, range: undefined, map };
    expect(playlist).toEqual({
      kind: 'media',
      targetDurationMs: 4000,
      isEnded: true,
      segments: [
        {
          ...plain,
          url: 'https://edge.example/live/cam/a.mp4',
          range: { offset: 700, length: 1000 },
          sequence: 7,
          discontinuitySequence: 3,
          key: { url: 'https://edge.example/keys/1?a=b', iv: undefined },
        },
        {
          ...plain,
          url: 'https://edge.example/live/cam/a.mp4',
          range: { offset: 1700, length: 500 },
          sequence: 8,
          discontinuitySequence: 3,
          key: { url: 'https://edge.example/keys/1?a=b', iv: undefined },
        },
        {
          ...plain,
          url: 'https://other.example/b.mp4',
          sequence: 9,
          discontinuitySequence: 4,
          isDiscontinuity: true,
          isGap: true,
          key: { url: 'http://keys.example/2', iv: Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex') },
        },
        {
          ...plain,
          url: 'https://edge.example/live/c.mp4?x=%2F',
          sequence: 10,
          discontinuitySequence: 4,
          key: undefined,
        },
      ],
    });
  });

  it('lists the variants of a multivariant playlist, the best one first, with the sound that they need', () => {
    const playlist = parsePlaylist(
      text(
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",URI="en.m3u8"',
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="Deutsch",DEFAULT=YES,URI="de.m3u8"',
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="in",NAME="Muxed",DEFAULT=YES',
        '#EXT-X-STREAM-INF:BANDWIDTH=800000,CODECS="avc1.64001f,mp4a.40.2",AUDIO="in"',
        'low.m3u8',
        '#EXT-X-STREAM-INF:BANDWIDTH=4000000,CODECS="avc1.64001f,mp4a.40.2",AUDIO="a"',
        'high.m3u8',
        '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=9000000,URI="iframes.m3u8"',
      ),
      BASE,
    );
    const url = (name: string) => `https://edge.example/live/cam/${name}`;
    expect(playlist).toEqual({
      kind: 'multivariant',
      variants: [
        { bandwidthBps: 4_000_000, url: url('high.m3u8'), audioUrl: url('de.m3u8') },
        { bandwidthBps: 800_000, url: url('low.m3u8'), audioUrl: undefined },
      ],
    });
  });

  it.each([
    [
      'a byte order mark and lines of DOS',
      '\ufeff#EXTM3U\r\n#EXT-X-TARGETDURATION:2\r\n#EXTINF:2,\r\na.ts\r\n',
      2000,
      1,
    ],
    ['no target duration', '#EXTM3U\n#EXTINF:3.5,\na.ts\n#EXTINF:2,\nb.ts\n', 3500, 2],
    ['nothing in it yet', '#EXTM3U\n#EXT-X-TARGETDURATION:8\n', 8000, 0],
  ])('reads one with %s, and writes nothing to the console', (_what, playlist, targetDurationMs, segments) => {
    const written = vi.spyOn(console, 'error');
    expect(parsePlaylist(playlist, BASE)).toMatchObject({ targetDurationMs, segments: { length: segments } });
    expect(written).not.toHaveBeenCalled();
    written.mockRestore();
  });

  it.each([
    ['a page of a web server', '<html><body>Not here</body></html>', 'what was answered is no playlist'],
    ['nothing', '', 'what was answered is no playlist'],
    [
      'Apple FairPlay',
      text('#EXT-X-TARGETDURATION:2', '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x"', '#EXTINF:2,', 'a.ts'),
      'encrypted with SAMPLE-AES',
    ],
    ['something that is no URL', text('#EXT-X-TARGETDURATION:2', '#EXTINF:2,', 'http://[::1'), 'no URL'],
  ])('refuses %s', (_what, playlist, sentence) => {
    const failure = (() => {
      try {
        return parsePlaylist(playlist, BASE);
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(PublishError);
    expect((failure as PublishError).detail).toContain(sentence);
  });

  it('throws nothing but PublishError, whatever it is given', () => {
    const pieces = [
      '#EXT-X-KEY:',
      '#EXT-X-MAP:',
      'URI="',
      '#EXTINF:',
      '#EXT-X-STREAM-INF:',
      'METHOD=AES-128',
      ',',
      '=',
      '"',
      '\n',
      'a.ts',
      '-1',
      '9e99',
      '#EXT-X-BYTERANGE:',
    ];
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 48_271) % 0x7fff_ffff;
      return seed % below;
    };
    for (let round = 0; round < 3000; round++) {
      const junk = Array.from({ length: random(20) }, () => pieces[random(pieces.length)]).join('');
      try {
        parsePlaylist(`#EXTM3U\n${junk}\n`, BASE);
      } catch (error) {
        if (!(error instanceof PublishError)) throw error;
      }
    }
  });
});
