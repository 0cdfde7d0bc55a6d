import { describe, expect, it } from 'vitest';
import { answerChallenge, isAuthRefusal, parseAuthChallenge } from './auth.ts';

const credentials = { user: 'myuser', password: 'mypass' };
const zeros = (sizeBytes: number): Buffer => Buffer.alloc(sizeBytes);
/** Base64 of three bytes, and then some: the vector's `00000000` stands for itself. */
const vectorChallenge = (): Buffer => Buffer.from('00000000', 'base64');

describe('authmod=adobe', () => {
  it('names the user when the server only wants a login', () => {
    const challenge = parseAuthChallenge('[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ')!;
    expect(answerChallenge(challenge, credentials, 'live')).toBe('authmod=adobe&user=myuser');
  });

  it.each([
    ['', 'r/gJgmRjLgsle2bksOUiwg=='],
    ['vgoAAA==', 'fVpm5ssljxGlfUZWTwFOcw=='],
  ])('answers the challenge with opaque "%s"', (opaque, response) => {
    const tail = opaque === '' ? '' : `&opaque=${opaque}`;
    const description = `[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=myuser&salt=testsalt&challenge=testchallenge${tail}`;
    const challenge = parseAuthChallenge(description)!;
    expect(answerChallenge(challenge, credentials, 'live', vectorChallenge)).toBe(
      `authmod=adobe&user=myuser&challenge=00000000&response=${response}&opaque=${opaque}`,
    );
  });

  it.each(['authfailed', 'nosuchuser'])('knows the refusal %s', (reason) => {
    const challenge = parseAuthChallenge(`[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=${reason}&opaque=x`)!;
    expect(isAuthRefusal(challenge)).toBe(true);
  });
});

describe('authmod=llnw', () => {
  const description = '[ AccessManager.Reject ] : [ authmod=llnw ] : ?reason=needauth&user=myuser&nonce=abcdef0123';
  const deadbeef = (): Buffer => Buffer.from('deadbeef', 'hex');

  it.each([
    ['live', 'c77416c1072498012dcd02a96f8b5299'],
    ['live?backup=1', 'c77416c1072498012dcd02a96f8b5299'],
    ['live/inst', '10dc192d56ef61d3b39c99148f24adf1'],
  ])('answers the challenge for application %s', (app, response) => {
    const challenge = parseAuthChallenge(description)!;
    expect(isAuthRefusal(challenge)).toBe(false);
    expect(answerChallenge(challenge, credentials, app, deadbeef)).toBe(
      `authmod=llnw&user=myuser&nonce=abcdef0123&cnonce=deadbeef&nc=00000001&response=${response}`,
    );
  });

  it('names the user first', () => {
    const challenge = parseAuthChallenge('[ code=403 need auth; authmod=llnw ]')!;
    expect(answerChallenge(challenge, credentials, 'live', zeros)).toBe('authmod=llnw&user=myuser');
  });
});

describe('other refusals', () => {
  it.each(['', 'Connection rejected.', 'authmod=unheardof'])('are no challenge: "%s"', (description) => {
    expect(parseAuthChallenge(description)).toBeUndefined();
  });
});
