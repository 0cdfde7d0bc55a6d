import type { Clock } from '../clock.ts';

/** A clock that never waits: a sleep moves it on at once. */
export class FakeClock implements Clock {
  nowMs = 5_000;
  sleeps = 0;

  now(): number {
    return this.nowMs;
  }

  async sleep(ms: number): Promise<void> {
    this.sleeps += 1;
    this.nowMs += ms;
  }
}
