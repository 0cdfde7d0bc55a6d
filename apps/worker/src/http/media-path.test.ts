import { describe, expect, it } from 'vitest';
import { parseMediaPath } from './media-path.ts';

describe('the path of a media request', () => {
  it.each([
    ['/studio/mpegts', 'studio', 'mpegts'],
    ['/studio/m4s', 'studio', 'm4s'],
    ['/studio', 'studio', undefined],
    ['/studio/', 'studio', undefined],
    ['/news/live1/mpegts', 'news/live1', 'mpegts'],
    ['/live/studio/mpegts', 'studio', 'mpegts'],
    ['/static/studio', 'studio', undefined],
    ['/rtmp/news/live1/m4s', 'news/live1', 'm4s'],
    ['/live/mpegts', 'live', 'mpegts'],
    ['/mpegts', 'mpegts', undefined],
    ['/live', 'live', undefined],
    ['/studio/mpegts/m4s', 'studio/mpegts', 'm4s'],
    ['/news%2Flive1/mpegts', 'news/live1', 'mpegts'],
    ['/st%75dio/mpegts', 'studio', 'mpegts'],
    ['/', '', undefined],
    ['/studio%3Fx/mpegts', '', 'mpegts'],
    ['/studio%zz/mpegts', '', 'mpegts'],
    ['http://elsewhere/studio/mpegts', '', 'mpegts'],
    ['*', '', undefined],
  ])('%s names the stream "%s"', (url, name, format) => {
    expect(parseMediaPath(url)).toEqual({ name, format, query: '' });
  });

  it('keeps the query as it is', () => {
    const path = parseMediaPath('/studio/mpegts?password=a%2Fb&x=/y/m4s');
    expect(path).toEqual({ name: 'studio', format: 'mpegts', query: 'password=a%2Fb&x=/y/m4s' });
  });
});
