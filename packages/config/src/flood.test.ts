import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { foldFlood } from './flood.ts';

describe('foldFlood', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const flood = () => {
    const lines: [object, string][] = [];
    const warn = (fields: object, message: string) => void lines.push([fields, message]);
    return { lines, folder: foldFlood({ warn } as Parameters<typeof foldFlood>[0]) };
  };

  it('writes the first warning at once and folds the others of that second into one line', () => {
    const { lines, folder } = flood();
    for (let index = 0; index < 1000; index++) folder.warn({ index }, 'redis is away');
    expect(lines).toEqual([[{ index: 0 }, 'redis is away']]);
    vi.advanceTimersByTime(1000);
    expect(lines.slice(1)).toEqual([[{ index: 999, folded: 999 }, 'redis is away']]);
  });

  it('writes one line a second as long as it lasts, and starts anew after a quiet second', () => {
    const { lines, folder } = flood();
    for (let tenth = 0; tenth < 30; tenth++) {
      folder.warn({}, 'x');
      vi.advanceTimersByTime(100);
    }
    expect(lines).toHaveLength(4);
    vi.advanceTimersByTime(2000);
    expect(vi.getTimerCount()).toBe(0);
    folder.warn({}, 'x');
    expect(lines).toHaveLength(5);
    expect(lines[4]).toEqual([{}, 'x']);
  });

  it('keeps different messages apart', () => {
    const { lines, folder } = flood();
    folder.warn({}, 'x');
    folder.warn({}, 'y');
    expect(lines.map(([, message]) => message)).toEqual(['x', 'y']);
  });

  it('writes what is left when it is closed', () => {
    const { lines, folder } = flood();
    folder.warn({}, 'x');
    folder.warn({ last: true }, 'x');
    folder.close();
    expect(lines[1]).toEqual([{ last: true, folded: 1 }, 'x']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
