import { pushUrlProblem } from '@pushfleet/config';
import { describe, expect, it } from 'vitest';
import { presetOf, presets, presetUrl } from './presets.ts';

const filled: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  custom: { url: 'rtmp://example.com/live/key' },
  youtube: { key: 'ab12-cd34-ef56-gh78-ij90' },
  twitch: { key: 'live_123456_AbCdEf' },
  facebook: { key: 'FB-123-0-AbC?s_bl=1&a=x' },
  cloudflare: { key: '0123456789abcdef0123456789abcdefk0' },
  akamai: { stream: '123456', event: 'final' },
  m4s: { host: 'example.com:8081', stream: 'news/main' },
};

describe('a preset', () => {
  it.each(presets.map(({ id }) => id))('makes a URL that a push can have: %s', (id) => {
    const made = presetUrl(presetOf(id), filled[id]!);
    if (!('url' in made)) throw new Error(JSON.stringify(made.problems));
    expect(pushUrlProblem(made.url)).toBeUndefined();
  });

  it.each([
    ['youtube', 'rtmps://a.rtmps.youtube.com:443/live2/ab12-cd34-ef56-gh78-ij90'],
    ['akamai', 'hlss://p-ep123456.i.akamaientrypoint.net/123456/final/index.m3u8'],
    ['m4s', 'm4s://example.com:8081/news/main'],
  ])('of %s gives %s', (id, url) => expect(presetUrl(presetOf(id), filled[id]!)).toEqual({ url }));

  it('goes to the backup entry point of Akamai with the backup id', () => {
    expect(presetUrl(presetOf('akamai'), { stream: '123456-b', event: '/final/' })).toEqual({
      url: 'hlss://b-ep123456.i.akamaientrypoint.net/123456-b/final/index.m3u8',
    });
  });

  it.each([
    ['youtube', {}, { key: 'Stream key is missing.' }],
    ['youtube', { key: ' rtmp://a.rtmp.youtube.com/live2/x ' }, { key: expect.stringMatching(/whole URL/) }],
    ['youtube', { key: 'ab12-cd34\nef56' }, { key: expect.stringMatching(/line breaks/) }],
    ['youtube', { key: 'secret' }, { key: expect.stringMatching(/groups of four/) }],
    ['twitch', { key: 'abc' }, { key: expect.stringMatching(/begin with "live_"/) }],
    ['m4s', { host: 'https://example.com', stream: 'a b' }, { host: expect.any(String), stream: expect.any(String) }],
    ['akamai', { stream: 'abc', event: 'x' }, { stream: expect.stringMatching(/number/) }],
  ])('of %s with %j says what is wrong', (id, values, problems) =>
    expect(presetUrl(presetOf(id), values as Record<string, string>)).toEqual({ problems }),
  );

  it('takes spaces around a pasted key away', () => {
    expect(presetUrl(presetOf('twitch'), { key: '  live_1_a ' })).toEqual({
      url: 'rtmp://live.twitch.tv/app/live_1_a',
    });
  });
});
