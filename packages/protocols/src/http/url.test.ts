import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TargetUrlError } from '../publisher/errors.ts';
import { authorityOf, dialOptions, type HttpTarget, isSameHost, parseHttpUrl } from './url.ts';

const parse = (url: string): HttpTarget =>
  parseHttpUrl(url, { schemes: { tshttp: 'http', tshttps: 'https' }, shape: 'tshttp://HOST[:PORT]/PATH' });

describe('parseHttpUrl', () => {
  it.each([
    ['tshttp://example.com/live/mpegts', false, 'example.com', 80, '/live/mpegts'],
    ['tshttps://example.com/live', true, 'example.com', 443, '/live'],
    ['TSHTTP://h:8080/s', false, 'h', 8080, '/s'],
    ['tshttp://h', false, 'h', 80, '/'],
    ['tshttp://h/', false, 'h', 80, '/'],
    ['tshttp://h?key=1', false, 'h', 80, '/?key=1'],
    ['tshttp://h/a%2Fb/../c//d?x=%41&y=a/b@c:d', false, 'h', 80, '/a%2Fb/../c//d?x=%41&y=a/b@c:d'],
    ['tshttp://h/größe?k=日', false, 'h', 80, '/gr%C3%B6%C3%9Fe?k=%E6%97%A5'],
    ['tshttp://[2001:db8::1]/s', false, '2001:db8::1', 80, '/s'],
    ['tshttps://[::1]:8443/s', true, '::1', 8443, '/s'],
  ])('splits %s', (url, tls, host, port, path) => {
    expect(parse(url)).toEqual({ tls, tlsVerify: true, host, port, path, user: '', password: '' });
  });

  it('decodes user and password', () => {
    expect(parse('tshttp://us%40er:p%3Aw:x@h/s')).toMatchObject({ user: 'us@er', password: 'p:w:x', host: 'h' });
    expect(parse('tshttp://user@h/s')).toMatchObject({ user: 'user', password: '' });
  });

  it.each([
    ['http://h/s', /tshttp:\/\/ or tshttps:\/\/; write tshttp:\/\/HOST/],
    ['constructor://h/s', /tshttp:\/\/HOST/],
    ['tshttp:/h/s', /tshttp:\/\/HOST/],
    ['tshttp:///s', /no host/],
    ['tshttp://:80/s', /no host/],
    ['tshttp://[]/s', /no host/],
    ['tshttp://[example]/s', /IPv6/],
    ['tshttp://h:0/s', /1 to 65535/],
    ['tshttp://h:65536/s', /1 to 65535/],
    ['tshttp://h:/s', /1 to 65535/],
    ['tshttp://h/a b', /%20/],
    ['tshttp://h/a\r\nX: y', /%20/],
    ['tshttp://h/a#b', /%23/],
    ['tshttp://u:100%@h/s', /%25/],
    ['tshttp://u%0d%0aX-Field%3a%201:p@h/s', /control character/],
    ['tshttp://u:p%00@h/s', /control character/],
  ])('refuses %j with a sentence that helps', (url, sentence) => {
    expect(() => parse(url)).toThrow(TargetUrlError);
    expect(() => parse(url)).toThrow(sentence);
  });

  it('throws nothing but TargetUrlError, and never quotes the URL', () => {
    fc.assert(
      fc.property(fc.string(), (noise) => {
        try {
          parse(`tshttp://${noise}/secretsecret`);
        } catch (error) {
          expect(error).toBeInstanceOf(TargetUrlError);
          expect((error as Error).message).not.toContain('secretsecret');
        }
      }),
    );
  });
});

describe('a target', () => {
  it.each([
    ['tshttp://h/s', 'h'],
    ['tshttp://h:80/s', 'h'],
    ['tshttp://h:443/s', 'h:443'],
    ['tshttps://h:443/s', 'h'],
    ['tshttp://[::1]:8080/s', '[::1]:8080'],
  ])('%s is asked for as %s', (url, authority) => {
    expect(authorityOf(parse(url))).toBe(authority);
  });

  it('names a host to TLS, but not an address', () => {
    expect(dialOptions(parse('tshttps://h/s')).tls).toEqual({ verify: true, servername: 'h' });
    expect(dialOptions(parse('tshttps://[::1]/s')).tls).toEqual({ verify: true });
    expect(dialOptions(parse('tshttp://h/s')).tls).toBeUndefined();
  });

  it('shares secrets with the same host and port only', () => {
    expect(isSameHost(parse('tshttp://H/a'), parse('tshttp://h:80/b'))).toBe(true);
    expect(isSameHost(parse('tshttp://h/a'), parse('tshttp://h:81/a'))).toBe(false);
    expect(isSameHost(parse('tshttp://h/a'), parse('tshttp://h.example/a'))).toBe(false);
  });
});
