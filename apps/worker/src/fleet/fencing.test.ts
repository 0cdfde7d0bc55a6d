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
    contact: () => ({ silentMs, unconfirmedMs }),
    draining: () => false,
    fenced,
    doubted,
  });

function pass(ms: number): void {
  vi.advanceTimersByTime(ms);
  silentMs += ms;
  unconfirmedMs += ms;
}

/** What comes of the question whose the pushes are. */
const cleared = () => doubted.mock.lastCall?.[0];

describe('a worker that wakes', () => {
  it.each<[string, Vote[]]>([
    ['sees Redis', [{ seesRedis: true, silentMs: 100 }]],
    ['answers', [undefined]],
    ['can be asked', []],
  ])(
    'drops its connections when others may have taken its pushes over, and lets go: somebody, or nobody, %s',
    async (_case, answers) => {
      const it = fencing();
      pass(2_000);
      votes = answers;
      it.woken();
      expect(doubted).toHaveBeenCalledOnce();
      await cleared();
      expect(fenced).toHaveBeenCalledOnce();
    },
  );

  it('keeps its pushes when it learns that Redis has been away for all', async () => {
    const it = fencing();
    pass(5_000);
    votes = [{ seesRedis: false, silentMs: 4_900 }];
    it.woken();
    await cleared();
    expect(doubted).toHaveBeenCalledOnce();
    expect(fenced).not.toHaveBeenCalled();
  });

  it('goes on after a moment, or when there are no others', () => {
    const it = fencing();
    pass(1_900);
    it.woken();
    isAlone = true;
    pass(60_000);
    it.woken();
    expect(doubted).not.toHaveBeenCalled();
  });

  it('lets go when not everybody promises that: who does not answer may have taken them over', async () => {
    const it = fencing();
    pass(5_000);
    votes = [{ seesRedis: false, silentMs: 4_900 }, undefined];
    it.woken();
    await cleared();
    expect(fenced).toHaveBeenCalledOnce();
  });

  it('asks the others at once when the answer that it reads first is old, and lets go when they see Redis', async () => {
    const it = fencing();
    pass(3_000);
    silentMs = 0;
    votes = [{ seesRedis: true, silentMs: 100 }];
    await it.look();
    expect(fenced).toHaveBeenCalledOnce();
  });

  it('is no witness of what was while it slept, until Redis answers it', () => {
    const it = fencing();
    pass(5_000);
    expect(it.watchedSilenceMs).toBe(5_000);
    it.woken();
    expect(it.watchedSilenceMs).toBe(0);
    it.beaten();
    expect(it.watchedSilenceMs).toBe(5_000);
  });

  it('is not deceived by the answer to a beat of before that it reads first', () => {
    const it = fencing();
    pass(5_000);
    silentMs = 0;
    it.beaten();
    it.woken();
    expect(doubted).toHaveBeenCalledOnce();
  });

  it('is not deceived by beats that had gone unanswered already, since that was its own trouble as far as it knows', () => {
    const it = fencing();
    pass(SILENT_MS);
    pass(3_000);
    it.woken();
    expect(doubted).toHaveBeenCalledOnce();
  });
});

describe('a worker that wakes, and fell asleep when Redis was away for all', () => {
  const away: readonly Vote[] = [{ seesRedis: false, silentMs: 60_000 }, undefined];

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
    await asleep(3_400);
    expect(doubted).not.toHaveBeenCalled();
  });

  it('drops its connections and asks the others; when one sees Redis, it lets go', async () => {
    await asleep(3_500, [...away, { seesRedis: true, silentMs: 100 }]);
    expect(doubted).toHaveBeenCalledOnce();
    expect(fenced).not.toHaveBeenCalled();
    await cleared();
    expect(fenced).toHaveBeenCalledOnce();
  });

  it('... and when it has been there and is gone again', async () => {
    await asleep(8_000, [{ seesRedis: false, silentMs: 300 }]);
    await cleared();
    expect(fenced).toHaveBeenCalledOnce();
  });

  it('... and goes on when nobody can be asked any more', async () => {
    await asleep(8_000, [undefined]);
    await cleared();
    expect(fenced).not.toHaveBeenCalled();
  });

  it('... and keeps its pushes when it has been away all the time', async () => {
    await asleep(10_000);
    expect(doubted).toHaveBeenCalledOnce();
    await cleared();
    expect(fenced).not.toHaveBeenCalled();
  });

  it('forgets with the next answered beat that Redis was away', async () => {
    const it = await asleep(0);
    it.beaten();
    pass(2_000);
    it.woken();
    expect(doubted).toHaveBeenCalledOnce();
  });
});
