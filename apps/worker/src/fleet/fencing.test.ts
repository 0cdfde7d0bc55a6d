import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SILENT_MS, type Vote } from './fence.ts';
import { Fencing } from './fencing.ts';

let silentMs: number;
let unconfirmedMs: number;
let isAlone: boolean;
let votes: readonly Vote[];
const fenced = vi.fn<() => void>();
const doubted = vi.fn<(cleared: Promise<void>) => void>();

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  [silentMs, unconfirmedMs, isAlone, votes] = [0, 0, false, []];
});
afterEach(() => {
  vi.useRealTimers();
  vi.clearAllMocks();
});

const fencing = () =>
  new Fencing({
    hasOthers: () => !isAlone,
    askOthers: async () => votes,
    silentMs: () => silentMs,
    unconfirmedMs: () => unconfirmedMs,
    draining: () => false,
    fenced,
    doubted,
  });

function pass(ms: number): void {
  vi.advanceTimersByTime(ms);
  silentMs += ms;
  unconfirmedMs += ms;
}

describe('a worker that wakes', () => {
  it('drops what it holds when others may have taken it over', () => {
    const it = fencing();
    pass(2_000);
    it.woken();
    expect(fenced).toHaveBeenCalledOnce();
  });

  it('goes on after a moment, or when there are no others', () => {
    const it = fencing();
    pass(1_900);
    it.woken();
    isAlone = true;
    pass(60_000);
    it.woken();
    expect(fenced).not.toHaveBeenCalled();
    expect(doubted).not.toHaveBeenCalled();
  });

  it('is not deceived by the answer to a beat of before that it reads first', () => {
    const it = fencing();
    pass(5_000);
    silentMs = 0;
    it.beaten();
    it.woken();
    expect(fenced).toHaveBeenCalledOnce();
  });

  it('is not deceived by beats that had gone unanswered already, since that was its own trouble as far as it knows', () => {
    const it = fencing();
    pass(SILENT_MS);
    pass(3_000);
    it.woken();
    expect(fenced).toHaveBeenCalledOnce();
  });
});

describe('a worker that wakes, and fell asleep when Redis was away for all', () => {
  const away: readonly Vote[] = [false, undefined];

  /** `answers`: of the others when it wakes. */
  async function asleep(forMs: number, answers = away): Promise<Fencing> {
    const it = fencing();
    pass(SILENT_MS);
    votes = away;
    await it.look();
    expect(fenced).not.toHaveBeenCalled();
    pass(forMs);
    votes = answers;
    it.woken();
    return it;
  }

  it('goes on while nobody can have been declared dead', async () => {
    await asleep(1_900);
    expect(doubted).not.toHaveBeenCalled();
    expect(fenced).not.toHaveBeenCalled();
  });

  it('drops its connections and asks whether Redis is there; when it is, it lets go', async () => {
    await asleep(2_000, [false, true]);
    expect(doubted).toHaveBeenCalledOnce();
    expect(fenced).not.toHaveBeenCalled();
    await doubted.mock.lastCall?.[0];
    expect(fenced).toHaveBeenCalledOnce();
  });

  it('... and keeps its pushes when it is still away', async () => {
    await asleep(10_000);
    expect(doubted).toHaveBeenCalledOnce();
    await doubted.mock.lastCall?.[0];
    expect(fenced).not.toHaveBeenCalled();
  });

  it('forgets with the next answered beat that Redis was away', async () => {
    const it = await asleep(0);
    it.beaten();
    pass(3_000);
    it.woken();
    expect(fenced).toHaveBeenCalledOnce();
  });
});
