import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TargetUrlError } from '../publisher/errors.ts';
import { parseRtmpUrl, redirectedTarget, withAppQuery } from './url.ts';

describe('parseRtmpUrl', () => {
  it.each([
    ['rtmp://a.rtmp.youtube.com/live2/abcd-1234', 'live2', 'abcd-1234', 'rtmp://a.rtmp.youtube.com/live2'],
    [
      'rtmp://b.rtmp.youtube.com/live2?backup=1/KEY',
      'live2?backup=1',
      'KEY',
      'rtmp://b.rtmp.youtube.com/live2?backup=1',
    ],
    ['rtmp://h/live2?backup=1/KEY?sig=a/b', 'live2?backup=1', 'KEY?sig=a/b', 'rtmp://h/live2?backup=1'],
    ['rtmp://h/live/ff?key=a%2Fb&x=1', 'live', 'ff?key=a%2Fb&x=1', 'rtmp://h/live'],
    ['rtmp://h/live/key?path=a/b/c', 'live', 'key?path=a/b/c', 'rtmp://h/live'],
    ['rtmp://h/app/instance/key', 'app/instance', 'key', 'rtmp://h/app/instance'],
    ['rtmp://h/one/two/three/key', 'one/two/three', 'key', 'rtmp://h/one/two/three'],
    ['rtmp://h/Name', 'Name', '', 'rtmp://h/Name'],
    ['rtmp://h/name?token=x', 'name?token=x', '', 'rtmp://h/name?token=x'],
    ['rtmp://h/app/', 'app', '', 'rtmp://h/app'],
    [
      'rtmp://p.ep1.i.akamaientrypoint.net/EntryPoint/event_1_2500@37267',
      'EntryPoint',
      'event_1_2500@37267',
      'rtmp://p.ep1.i.akamaientrypoint.net/EntryPoint',
    ],
    ['RTMP://h:1936/app/s', 'app', 's', 'rtmp://h:1936/app'],
  ])('splits %s', (url, app, stream, tcUrl) => {
    expect(parseRtmpUrl(url)).toMatchObject({ app, stream, tcUrl });
  });

  it.each([
    ['rtmp://example.com/a/s', false, 'example.com', 1935],
    ['rtmps://example.com/a/s', true, 'example.com', 443],
    ['rtmps://live-api-s.facebook.com:443/rtmp/KEY', true, 'live-api-s.facebook.com', 443],
    ['rtmp://[2001:db8::1]/a/s', false, '2001:db8::1', 1935],
    ['rtmp://[::1]:19350/a/s', false, '::1', 19_350],
  ])('finds host and port of %s', (url, tls, host, port) => {
    expect(parseRtmpUrl(url)).toMatchObject({ tls, host, port });
  });

  it('keeps user and password out of everything that is sent', () => {
    const target = parseRtmpUrl('rtmp://us%40er:p%3Aw@h:1935/live/s');
    expect(target).toMatchObject({ user: 'us@er', password: 'p:w', tcUrl: 'rtmp://h:1935/live', app: 'live' });
  });

  it('verifies certificates unless told otherwise', () => {
    expect(parseRtmpUrl('rtmps://h/a/s').tlsVerify).toBe(true);
    expect(parseRtmpUrl({ url: 'rtmps://h/a/s', tlsVerify: false }).tlsVerify).toBe(false);
  });

  it.each([
    ['http://h/a/s', /rtmp:\/\/HOST/],
    ['rtmp:/h/a/s', /rtmp:\/\/HOST/],
    ['rtmp:///a/s', /no host/],
    ['rtmp://h', /no application/],
    ['rtmp://h/', /no application/],
    ['rtmp://h:0/a/s', /1 to 65535/],
    ['rtmp://h:70000/a/s', /1 to 65535/],
    ['rtmp://h:x/a/s', /1 to 65535/],
    ['rtmp://h/a/my key', /%20/],
    ['rtmp://h/a/key\n', /%20/],
    ['rtmp://u:100%@h/a/s', /%25/],
  ])('refuses %j with a sentence that helps', (url, sentence) => {
    expect(() => parseRtmpUrl(url)).toThrow(TargetUrlError);
    expect(() => parseRtmpUrl(url)).toThrow(sentence);
  });

  it('throws nothing but TargetUrlError, and never quotes the URL', () => {
    fc.assert(
      fc.property(fc.string(), (noise) => {
        try {
          parseRtmpUrl(`rtmp://${noise}/secretsecret`);
        } catch (error) {
          expect(error).toBeInstanceOf(TargetUrlError);
          expect((error as Error).message).not.toContain('secretsecret');
        }
      }),
    );
  });
});

describe('redirectedTarget', () => {
  const from = parseRtmpUrl('rtmp://u:p@h/live/s?k=1');

  it.each([
    ['the application alone', 'rtmp://edge:1936/live2', 'live2', 'rtmp://edge:1936/live2'],
    ['an application with instance', 'rtmp://edge/live/inst', 'live/inst', 'rtmp://edge/live/inst'],
    ['application and stream', 'rtmp://edge/live2/s?k=1', 'live2', 'rtmp://edge/live2'],
  ])('understands %s', (_, url, app, tcUrl) => {
    expect(redirectedTarget(from, url)).toMatchObject({ app, tcUrl, stream: 's?k=1', user: 'u', password: 'p' });
  });
});

describe('withAppQuery', () => {
  it('appends to application and tcUrl, behind a query that is there already', () => {
    expect(withAppQuery(parseRtmpUrl('rtmp://h/live/s'), 'user=u')).toMatchObject({
      app: 'live?user=u',
      tcUrl: 'rtmp://h/live?user=u',
    });
    expect(withAppQuery(parseRtmpUrl('rtmp://h/live?b=1/s'), 'user=u').app).toBe('live?b=1&user=u');
  });
});
