import { describe, expect, it } from 'vitest';
import { liveness, PROVING_MS, STALL_LIMIT_MS, type VitalSigns } from './liveness.ts';

const healthy: VitalSigns = {
  now: 100_000,
  acceptedAt: 50_000,
  mediaBytes: 1_000_000,
  lastProgressAt: 99_990,
  pendingBytes: 0,
  dropping: false,
  sourceSilentMs: 20,
  maxSessionMs: 86_400_000,
  stallLimitMs: STALL_LIMIT_MS,
};

describe('liveness', () => {
  it.each<[string, Partial<VitalSigns>, string]>([
    ['media leaves a proven connection', {}, 'running'],
    ['no media has left yet', { mediaBytes: 0 }, 'starting'],
    ['the target accepted a moment ago and may still close', { acceptedAt: 100_000 - PROVING_MS + 1 }, 'starting'],
    ['bytes wait, but some leave', { pendingBytes: 500_000 }, 'running'],
    ['bytes wait and none has left for 2 s', { pendingBytes: 1, lastProgressAt: 98_000 }, 'stalled'],
    ['nothing left for long, but nothing waits either', { lastProgressAt: 60_000 }, 'running'],
    ['groups of pictures are left out', { dropping: true }, 'stalled'],
    ['the source is silent for 2 s', { sourceSilentMs: 2_000 }, 'stalled'],
    ['the source fell silent before the first byte left', { mediaBytes: 0, sourceSilentMs: 9_000 }, 'stalled'],
    ['the session is as old as its protocol allows', { now: 86_450_000, lastProgressAt: 86_450_000 }, 'expired'],
    [
      'bytes wait for as long, and the protocol judges by itself',
      { pendingBytes: 1, lastProgressAt: 0, stallLimitMs: Number.POSITIVE_INFINITY },
      'stalled',
    ],
    [
      'bytes wait and none has left for the stall limit',
      { pendingBytes: 1, lastProgressAt: 100_000 - STALL_LIMIT_MS },
      'wedged',
    ],
  ])('%s', (_case, change, phase) => {
    expect(liveness({ ...healthy, ...change }).phase).toBe(phase);
  });

  it('gives a reason for everything that is wrong', () => {
    expect(liveness({ ...healthy, dropping: true }).reason).toContain('too slowly');
    expect(liveness({ ...healthy, sourceSilentMs: 5_000 }).reason).toContain('source is silent');
    expect(liveness({ ...healthy, pendingBytes: 9, lastProgressAt: 0 }).reason).toContain('does not read');
  });
});
