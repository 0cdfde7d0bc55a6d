import { expect, it } from 'vitest';
import { formatSession, type M4sSession, parseSession, supersedes } from './session.ts';

it.each([
  { epoch: 1, push: 'p' },
  { epoch: 1_790_000_000_123, push: '4f0c-11ee' },
])('is read back as it was written: %o', (session) => {
  expect(parseSession(formatSession(session))).toEqual(session);
});

it.each([undefined, '', '5', '5-', '-p', 'x-p', '1.5-p', `${'9'.repeat(16)}-p`, '5-a b', `5-${'p'.repeat(129)}`])(
  'is no session: %s',
  (value) => {
    expect(parseSession(value)).toBeUndefined();
  },
);

const session = (epoch: number, push = 'a'): M4sSession => ({ epoch, push });

it.each<[string, M4sSession | undefined, M4sSession | undefined, boolean]>([
  ['a later attempt of the same push', session(8), session(7), true],
  ['the same attempt', session(7), session(7), false],
  ['an attempt that was replaced', session(6), session(7), false],
  ['another push', session(8, 'b'), session(7), false],
  ['a sender without sessions', undefined, session(7), false],
  ['a push where a sender without sessions is', session(8), undefined, false],
])('says whether %s takes the place', (_, candidate, current, expected) => {
  expect(supersedes(candidate, current)).toBe(expected);
});
