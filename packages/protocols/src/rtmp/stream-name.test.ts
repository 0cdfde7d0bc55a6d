import { describe, expect, it } from 'vitest';
import { resolveStreamName } from './stream-name.ts';

describe('resolveStreamName', () => {
  it.each([
    ['live', 'cam1', 'cam1'],
    ['static', 'cam1', 'cam1'],
    ['rtmp', 'cam1', 'cam1'],
    ['news', 'cam1', 'news/cam1'],
    ['live/news', 'cam1', 'news/cam1'],
    ['news/live', 'cam1', 'news/live/cam1'],
    ['live', 'news/cam1', 'news/cam1'],
    ['cam1', '', 'cam1'],
    ['', 'cam1', 'cam1'],
    ['live', '', 'live'],
    ['', '', ''],
    ['live/', '/cam1/', 'cam1'],
    ['live/_definst_', 'cam1', 'cam1'],
    ['cam1/_definst_', '', 'cam1'],
    ['live...vhost...example.org', 'cam1', 'cam1'],
    ['live', 'mp4:cam1.mp4', 'cam1.mp4'],
    ['live', 'cam%201', 'cam%201'],
  ])('application "%s" and stream "%s" name "%s"', (app, stream, name) => {
    expect(resolveStreamName(app, stream).name).toBe(name);
  });

  it('keeps queries apart, byte for byte', () => {
    expect(resolveStreamName('live?a=1', 'cam1?key=a%2Fb&x=1')).toEqual({
      app: 'live',
      name: 'cam1',
      query: 'a=1&key=a%2Fb&x=1',
    });
    expect(resolveStreamName('cam1?key=a/b', '')).toEqual({ app: 'cam1', name: 'cam1', query: 'key=a/b' });
  });
});
