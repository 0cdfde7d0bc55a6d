import { describe, expect, it } from 'vitest';
import { Authenticator, authorizationFor } from './auth.ts';
import { type Challenge, parseChallenges } from './challenge.ts';

const named = (challenges: Challenge[]) =>
  challenges.map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('parseChallenges', () => {
  it.each([
    ['Basic realm="a, b \\"c\\""', [['basic', { realm: 'a, b "c"' }]]],
    [
      'Newauth realm="x", type=1, title="Login", Basic realm=y',
      [
        ['newauth', { realm: 'x', type: '1', title: 'Login' }],
        ['basic', { realm: 'y' }],
      ],
    ],
    [
      'Negotiate, NTLM TlRM==, Basic realm="z"',
      [
        ['negotiate', {}],
        ['ntlm', {}],
        ['basic', { realm: 'z' }],
      ],
    ],
    [
      'Digest realm="ingest", nonce="a=", algorithm=MD5, domain="/dav/", qop="auth"',
      [['digest', { realm: 'ingest', nonce: 'a=', algorithm: 'MD5', domain: '/dav/', qop: 'auth' }]],
    ],
    [' , Basic  realm = "s" ,, ', [['basic', { realm: 's' }]]],
    ['Basic', [['basic', {}]]],
    ['', []],
    ['"', []],
  ])('reads %s', (value, challenges) => {
    expect(named(parseChallenges([value]))).toEqual(challenges);
  });
});

describe('authorizationFor', () => {
  const mufasa = { user: 'Mufasa', password: 'Circle of Life' };
  const request = { method: 'GET', uri: '/dir/index.html', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' };
  const challenge = (algorithm: string) =>
    `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;

  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('answers as in the example for %s of RFC 7616 §3.9.1', (algorithm, expected) => {
    const answer = authorizationFor(parseChallenges([challenge(algorithm)]), mufasa, request)!;
    expect(named(parseChallenges([answer]))).toEqual([
      [
        'digest',
        {
          username: 'Mufasa',
          realm: 'http-auth@example.org',
          uri: '/dir/index.html',
          algorithm,
          nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
          nc: '00000001',
          cnonce: request.cnonce,
          qop: 'auth',
          response: expected,
          opaque: 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS',
        },
      ],
    ]);
    expect(answer).toMatch(/algorithm=[^"]+, qop=auth, nc=00000001,/); // these three without quotes
  });

  it('answers without qop as in the old days: the example of RFC 2069, with the response of its erratum', () => {
    const challenges = parseChallenges([
      'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    ]);
    const login = { user: 'Mufasa', password: 'CircleOfLife' };
    const answer = authorizationFor(challenges, login, { method: 'GET', uri: '/dir/index.html' })!;
    expect(answer).toContain('response="1949323746fe6a43ef61f9606e7febea"');
    expect(answer).not.toMatch(/qop|nc=|cnonce|algorithm/);
  });

  it.each([
    ['the strongest', ['Basic realm="a"', challenge('MD5'), challenge('SHA-256')], /algorithm=SHA-256/],
    ['a digest before a password', [`Basic realm="a", ${challenge('MD5-sess')}`], /algorithm=MD5-sess/],
    ['what it knows', ['Negotiate', challenge('SHA3'), 'Basic realm="a"'], /^Basic TXVmYXNhOkNpcmNsZSBvZiBMaWZl$/],
    ['auth and not auth-int', ['Digest nonce="a", qop="auth-int"', 'Basic realm="a"'], /^Basic/],
  ])('chooses %s', (_, values, expected) => {
    expect(authorizationFor(parseChallenges(values), mufasa, request)).toMatch(expected);
  });

  it('has no answer for schemes that it does not know, and none without a user', () => {
    expect(authorizationFor(parseChallenges(['Negotiate']), mufasa, request)).toBeUndefined();
    expect(authorizationFor(parseChallenges(['Basic']), { user: '', password: '' }, request)).toBeUndefined();
  });

  it('keeps quotes in names and realms from breaking out', () => {
    const login = { user: 'a"b\\c', password: 'p' };
    const [answer] = parseChallenges([
      authorizationFor(parseChallenges(['Digest realm="r\\"s", nonce="n"']), login, request)!,
    ]);
    expect(Object.fromEntries(answer!.parameters)).toMatchObject({ username: 'a"b\\c', realm: 'r"s' });
  });
});

describe('Authenticator', () => {
  const request = { method: 'PUT', uri: '/a?b' };
  const digest = (nonce: string, rest = '') => [`Digest realm="r", nonce="${nonce}", qop="auth"${rest}`];
  const start = () => new Authenticator({ user: 'u', password: 'p' });
  const parametersOf = (answer: string | undefined) => Object.fromEntries(parseChallenges([answer!])[0]!.parameters);

  it('says nothing until it is asked, and then counts', () => {
    const authenticator = start();
    expect(authenticator.authorization(request)).toBeUndefined();
    expect(authenticator.challenged(digest('one'))).toBe(true);
    const answers = [1, 2, 3].map(() => parametersOf(authenticator.authorization(request)));
    expect(answers.map(({ nc }) => nc)).toEqual(['00000001', '00000002', '00000003']);
    expect(new Set(answers.map(({ cnonce }) => cnonce)).size).toBe(1);
    expect(answers[0]).toMatchObject({ username: 'u', uri: '/a?b', nonce: 'one' });
  });

  it('takes a second refusal for a no, unless the nonce was stale or the realm is another', () => {
    for (const second of [digest('two'), ['Basic realm="r"'], []]) {
      const authenticator = start();
      authenticator.challenged(digest('one'));
      authenticator.authorization(request);
      expect(authenticator.challenged(second)).toBe(false);
    }
    for (const second of [digest('two', ', stale=TRUE'), ['Basic realm="other"']]) {
      const authenticator = start();
      authenticator.challenged(digest('one'));
      authenticator.authorization(request);
      expect(authenticator.challenged(second)).toBe(true);
    }
  });

  it('does not follow a server that calls every nonce stale', () => {
    const authenticator = start();
    const rounds = [1, 2, 3, 4, 5].map((round) => {
      authenticator.authorization(request);
      return authenticator.challenged(digest(`n${round}`, ', stale=true'));
    });
    expect(rounds).toEqual([true, true, true, false, false]);
  });

  it('answers again when a nonce lapses after it was good for a while', () => {
    const authenticator = start();
    authenticator.challenged(digest('one'));
    authenticator.authorization(request);
    authenticator.accepted();
    authenticator.authorization(request);
    expect(authenticator.challenged(digest('two'))).toBe(true);
    authenticator.authorization(request);
    expect(authenticator.challenged(digest('three'))).toBe(false);
  });

  it('goes on with the nonce that the server hands over', () => {
    const authenticator = start();
    authenticator.challenged(digest('one'));
    authenticator.authorization(request);
    authenticator.accepted('rspauth="x", nextnonce="two", qop=auth');
    expect(parametersOf(authenticator.authorization(request))).toMatchObject({ nonce: 'two', nc: '00000001' });
  });

  it('has nothing to say without a login', () => {
    const authenticator = new Authenticator({ user: '', password: '' });
    expect(authenticator.challenged(digest('one'))).toBe(false);
    expect(authenticator.authorization(request)).toBeUndefined();
  });
});
