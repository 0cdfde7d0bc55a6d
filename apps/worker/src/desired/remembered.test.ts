import { describe, expect, it } from 'vitest';
import { Remembered } from './remembered.ts';

const never = () => new Promise<never>(() => {});

describe('Remembered', () => {
  it('gives what is read now, and what was read last while Redis does not answer', async () => {
    const answers = [async () => 'first', async () => 'second', never, () => Promise.reject(new Error('READONLY'))];
    const values = new Remembered<string>(() => answers.shift()!());
    expect(await values.read('cam')).toBe('first');
    expect(await values.read('cam')).toBe('second');
    expect(await values.read('cam')).toBe('second');
    expect(await values.read('cam')).toBe('second');
  });

  it('rejects when Redis does not answer and nothing was ever read', async () => {
    await expect(new Remembered<string>(never).read('cam')).rejects.toThrow('Redis does not answer');
  });

  it('forgets what is not there any more', async () => {
    const answers: (() => Promise<string | undefined>)[] = [async () => 'there', async () => undefined, never];
    const values = new Remembered<string | undefined>(() => answers.shift()!());
    expect([await values.read('cam'), await values.read('cam')]).toEqual(['there', undefined]);
    await expect(values.read('cam')).rejects.toThrow('Redis does not answer');
  });
});
