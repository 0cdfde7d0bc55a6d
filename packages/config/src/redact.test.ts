import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactHeaders, redactor, redactText, redactUrl, secretsOf } from './redact.ts';

describe('redactUrl', () => {
  it.each([
    // RTMP: login, key, query
    ['rtmp://h/app/key', 'rtmp://h/app/***'],
    ['rtmp://h:1935/app/abcd-efgh-ijkl', 'rtmp://h:1935/app/***ijkl'],
    ['rtmp://h/app/elevenchars', 'rtmp://h/app/***'],
    ['rtmp://h/app/instance/key123', 'rtmp://h/app/instance/***'],
    ['rtmp://h/key123', 'rtmp://h/***'],
    ['rtmp://h/app/key123/', 'rtmp://h/app/***/'],
    ['rtmp://user:pass@h/app/key123', 'rtmp://***@h/app/***'],
    ['RTMPS://h:443/rtmp/FB-1234567890?s_bl=1&a=Abx', 'RTMPS://h:443/rtmp/***7890?s_bl=***&a=***'],
    ['rtmp://[::1]:1935/app/key123', 'rtmp://[::1]:1935/app/***'],
    ['rtmp://h', 'rtmp://h'],
    // query before the key, as FMLE writes it
    ['rtmp://b.rtmp.youtube.com/live2?backup=1/abcd-efgh-ijkl', 'rtmp://b.rtmp.youtube.com/live2?backup=***/***ijkl'],
    ['rtmp://h/live2?backup=1/key123?x=y', 'rtmp://h/live2?backup=***/***?x=***'],
    ['rtmp://h/app/key123?sig=a/b', 'rtmp://h/app/***?sig=***'],
    // @ where it should not be
    ['rtmp://h/EntryPoint/event_1_2500@37267', 'rtmp://h/EntryPoint/***7267'],
    ['rtmp://user:p@ss@h/app/key123', 'rtmp://***@h/app/***'],
    ['rtmp://user:pa/ss@h/app/key123', 'rtmp://***@h/app/***'],
    ['rtmp://user:pa/ss@h', 'rtmp://***@h'],
    ['rtmp://user:12/34@h/app/key123', 'rtmp://***@h/app/***'],
    ['rtmp://user:pa?ss#w@h/app/key123', 'rtmp://***@h/app/***'],
    // other protocols show their path
    ['hls://post.[HOSTNAME].net/[STREAM_ID]/[NAME]/', 'hls://post.[HOSTNAME].net/[STREAM_ID]/[NAME]/'],
    ['hlss://user:p/a@ss@h/x/y.m3u8?token=1#frag', 'hlss://***@h/x/y.m3u8?token=***#***'],
    [
      'https://a.upload.youtube.com/http_upload_hls?cid=abcd&copy=0&file=',
      'https://a.upload.youtube.com/http_upload_hls?cid=***&copy=***&file=',
    ],
    ['m4s://h:80/NAME', 'm4s://h:80/NAME'],
    ['tshttp://h/NAME/mpegts?BAREKEY', 'tshttp://h/NAME/mpegts?***'],
    ['tshttp://h/x?c2VjcmV0c2VjcmV0MTIz=', 'tshttp://h/x?***'],
    ['tshttp://h/x?c2VjcmV0==', 'tshttp://h/x?***'],
    ['srt://h:9000?passphrase=topsecret&streamid=#!::r=x,m=publish', 'srt://h:9000?passphrase=***&streamid=#***'],
    ['redis://:pass@h:6379/0', 'redis://***@h:6379/0'],
    ['publish://', 'publish://'],
    ['file:///srv/clip.ts', 'file:///srv/clip.ts'],
    // not quite URLs: what nobody understands is hidden
    ['rtpm://h/app/key123', 'rtpm://h/app/***'],
    ['rtmp://host:key/app', 'rtmp://***/***'],
    ['rtmp://h\\app\\key', 'rtmp://***'],
    ['rtmp:/h/app/key', '***'],
    ['h/app/key', '***'],
    ['https://x/rtmp://u:p@h/app/key', 'https://***'],
    ['', ''],
  ])('%s', (url, expected) => {
    expect(redactUrl(url)).toBe(expected);
    expect(redactUrl(expected)).toBe(expected);
  });
});

describe('redactHeaders', () => {
  it('shows names and no value', () => {
    expect(redactHeaders({ 'X-Api-Key': 'SECRET', Authorization: 'Bearer SECRET' })).toEqual({
      'X-Api-Key': '***',
      Authorization: '***',
    });
  });
});

describe('secretsOf header fields', () => {
  it('lists each value, and what follows the scheme of credentials', () => {
    expect(secretsOf('hls://h/x', { 'X-Api-Key': 'k+y=1', Authorization: 'Bearer tok-1234', 'X-Mode': 'on' })).toEqual([
      'Bearer%20tok-1234',
      'Bearer tok-1234',
      'k%2By%3D1',
      'tok-1234',
      'k+y=1',
    ]);
  });

  it('knows the login inside of Basic', () => {
    const basic = Buffer.from('user:pass word').toString('base64');
    const text = redactor([], { Authorization: `Basic ${basic}` })(`refused ${basic}: user:pass word, pass%20word`);
    expect(text).toBe('refused ***: ***, ***');
  });
});

describe('secretsOf', () => {
  it('lists raw, decoded and encoded forms, longest first', () => {
    expect(secretsOf('rtmp://user:p%40ss%2Fword@h/app/key%2B1234')).toEqual([
      'user%3Ap%40ss%2Fword',
      Buffer.from('user:p@ss/word').toString('base64'),
      'user:p%40ss%2Fword',
      'user:p@ss/word',
      'p%40ss%2Fword',
      'key%2B1234',
      'p@ss/word',
      'key+1234',
    ]);
  });

  it('leaves out what is too short to be searched for, and lone user names', () => {
    expect(secretsOf('tshttp://admin:abc@h/x?a=1&b=xyz#f')).toEqual(['YWRtaW46YWJj', 'admin%3Aabc', 'admin:abc']);
    expect(secretsOf('publish://')).toEqual([]);
  });
});

describe('redactText', () => {
  it.each([
    [
      'cannot connect to rtmp://h/app/abcd-efgh-ijkl, next try in 5 s',
      'cannot connect to rtmp://h/app/***ijkl, next try in 5 s',
    ],
    ['(rtmp://h/a/key1).', '(rtmp://h/a/***).'],
    ['<rtmp://h/a/key1>', '<rtmp://h/a/***>'],
    ['url=rtmp://h/a/key1;path=/x', 'url=rtmp://h/a/***;path=/***'],
    ['to-rtmp://h/a/key1', 'to-rtmp://h/a/***'],
    ['rtmp://h/a/key1,rtmp://h2/b/key2', 'rtmp://h/a/***,rtmp://h2/b/***'],
    [
      '{"url":"rtmp://h/a/key1","b":"https://x/p?t=1","c":true}',
      '{"url":"rtmp://h/a/***","b":"https://x/p?t=***","c":true}',
    ],
    ['"rtmp://u:pa ss@h/app/key1" failed', '"rtmp://***@h/app/***" failed'],
    ['"rtmp://h/a/key1 was refused by b/c"', '"rtmp://h/a/*** was refused by b/***"'],
    ['GET /p?q=rtmp%3A%2F%2Fh%2Fa%2Fkey1&x=1', 'GET /p?q=rtmp%3A%2F%2F***&x=1'],
    ['see https://docs.example.com/a/b.', 'see https://docs.example.com/a/b.'],
    ['no URL at all: 10/5 http:// a:b@c', 'no URL at all: 10/5 http:// a:b@c'],
  ])('%s', (text, expected) => {
    expect(redactText(text)).toBe(expected);
    expect(redactText(expected)).toBe(expected);
  });

  it('replaces known secrets wherever they stand', () => {
    const redact = redactor(['rtmp://user:pass%20word@h/app/streamkey', 'hls://h/x?token=T0KEN']);
    expect(redact('Denied: streamkey, pass word, pass%20word, T0KEN')).toBe('Denied: ***, ***, ***, ***');
    expect(redact(`Basic ${Buffer.from('user:pass word').toString('base64')}`)).toBe('Basic ***');
  });

  it('masks overlapping secrets as one', () => {
    expect(redactText('x abcdef y', ['abcd', 'cdef'])).toBe('x *** y');
  });

  it('keeps the tail of a key only while no other secret is in it', () => {
    expect(redactText('rtmp://h/a/0123456789abcdef', ['0123456789abcdef'])).toBe('rtmp://h/a/***cdef');
    expect(redactText('rtmp://h/a/0123456789abcdef', ['cdef'])).toBe('rtmp://h/a/***');
  });

  it('takes time linear to the length of hostile text', () => {
    const start = performance.now();
    for (const piece of [
      'a://',
      'a',
      '"a://',
      'a://x ',
      '"a:// ',
      ',a://x/',
      '%3A%2F%2F',
      'a://@',
      '/',
      '&=',
      ',',
      '[',
    ]) {
      const text = piece.repeat(100_000);
      redactText(`${text}\n`);
      redactText(`a://${text}x`);
      redactUrl(`rtmp://${text}x`);
    }
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});

/** Secrets of one alphabet each, so that none is part of another by chance; specials are what URLs give a meaning to. */
const secret = (letters: string, specials: string, minLength = 4) =>
  fc
    .array(fc.tuple(fc.constantFrom(...letters), fc.constantFrom(...letters, ...specials)), {
      minLength,
      maxLength: 12,
    })
    .map((pairs) => pairs.flat().join(''));

const anyUrl = fc.record({
  scheme: fc.constantFrom('rtmp', 'rtmps', 'rtmpt', 'tshttp', 'hls', 'hlss', 'm4s', 'srt', 'https'),
  password: secret('ABCDEFG', '%:/@!$+=,;*~\'"[]\\^|'),
  key: secret('HIJKLMN', '%:@!$+=,;*~\'"[]\\^|&'),
  value: secret('OPQRSTU', '%:@!$+=,;*~\'"[]\\^|?/'),
  fragment: secret('VWXYZ', '%:@!$+=,;*~\'"[]\\^|?/#&'),
  before: fc.constantFrom('', 'failed: ', '"', "'", '(', 'url=', '[', '`', 'x '),
  after: fc.constantFrom('', ' refused', '"', "'", ')', '; next', ']', ', a/b', '\n'),
});

describe('no secret survives', () => {
  const urlOf = ({
    scheme,
    password,
    key,
    value,
    fragment,
  }: typeof anyUrl extends fc.Arbitrary<infer T> ? T : never) => {
    const keyPath = scheme.startsWith('rtmp') ? `/${key}` : '/playlist.m3u8';
    return `${scheme}://user:${password}@host.example:1935/live${keyPath}?sig=${value}#${fragment}`;
  };

  it('in a URL by itself', () => {
    fc.assert(
      fc.property(anyUrl, (parts) => {
        const shown = redactUrl(urlOf(parts));
        for (const part of [parts.password, parts.key, parts.value, parts.fragment]) expect(shown).not.toContain(part);
        expect(redactUrl(shown)).toBe(shown);
      }),
      { numRuns: 2000 },
    );
  });

  it('in text that holds the URL or its parts in any form', () => {
    fc.assert(
      fc.property(anyUrl, (parts) => {
        const url = urlOf(parts);
        const used = [parts.password, parts.value, parts.fragment, ...(url.includes(parts.key) ? [parts.key] : [])];
        const forms = used.flatMap((part) => [part, encodeURIComponent(part)]);
        const text = `${parts.before}${url}${parts.after} ${JSON.stringify({ url })} ${encodeURIComponent(url)} ${forms.join(' ')}`;
        const shown = redactor([url])(text);
        for (const form of forms) expect(shown).not.toContain(form);
      }),
      { numRuns: 2000 },
    );
  });
});
