import { describe, expect, it, vi } from 'vitest';
import { Standstill } from './standstill.ts';

describe('a process that stood still', () => {
  it('is told once, when it wakes', () => {
    const woken = vi.fn();
    const standstill = new Standstill(woken);
    const now = Math.ceil(performance.now());
    standstill.look(now);
    standstill.look(now + 900);
    expect(woken).not.toHaveBeenCalled();
    standstill.look(now + 8_900);
    standstill.look(now + 8_901);
    expect(woken).toHaveBeenCalledOnce();
  });
});
