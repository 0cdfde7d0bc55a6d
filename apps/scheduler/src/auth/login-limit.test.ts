import { expect, it } from 'vitest';
import { LoginLimit } from './login-limit.ts';

it('lets some failures pass, then one for each pause, for each address by itself', () => {
  const limit = new LoginLimit();
  for (let i = 0; i < 5; i++) {
    expect(limit.waitSeconds('a', 1_000)).toBe(0);
    limit.failed('a', 1_000);
  }
  expect(limit.waitSeconds('a', 1_000)).toBe(5);
  expect(limit.waitSeconds('b', 1_000)).toBe(0);
  expect(limit.waitSeconds('a', 6_000)).toBe(0);
  limit.failed('a', 6_000);
  expect(limit.waitSeconds('a', 6_000)).toBe(5);
  expect(limit.waitSeconds('a', 60_000)).toBe(0);
});
