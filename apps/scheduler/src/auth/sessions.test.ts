import { Secret } from '@pushfleet/config';
import { describe, expect, it } from 'vitest';
import { Sessions } from './sessions.ts';

const now = Date.parse('2026-03-04T05:06:07Z');
const hours = (count: number) => now + count * 3_600_000;
const sessions = new Sessions(new Secret('a-token'));

describe('Sessions', () => {
  it('knows what it has signed, in another process with the same token too', () => {
    const signed = sessions.sign(sessions.begin(now));
    expect(sessions.verify(signed, now)).toBeDefined();
    expect(new Sessions(new Secret('a-token')).verify(signed, now)).toEqual(sessions.verify(signed, now));
    expect(new Sessions(new Secret('another')).verify(signed, now)).toBeUndefined();
  });

  it('refuses what was changed, is over or was ended', () => {
    const session = sessions.begin(now);
    const signed = sessions.sign(session);
    const [id, since, until, mac] = signed.split('.');
    for (const forged of [
      '',
      'x',
      '...',
      `${id}.${since}.${Number(until) + 1}.${mac}`,
      `${signed}x`,
      `${id}.${since}.${until}.`,
    ])
      expect(sessions.verify(forged, now)).toBeUndefined();
    expect(sessions.verify(signed, hours(11.9))).toBeDefined();
    expect(sessions.verify(signed, hours(12.1))).toBeUndefined();
    sessions.end(session);
    expect(sessions.verify(signed, now)).toBeUndefined();
  });

  it('gives one that is used more time, up to a week', () => {
    let session = sessions.begin(now);
    expect(sessions.renew(session, hours(1))).toBeUndefined();
    for (let hour = 7; hour < 24 * 8; hour += 7) session = sessions.renew(session, hours(hour)) ?? session;
    const days = (session.until * 1_000 - now) / 86_400_000;
    expect(days).toBeGreaterThan(6.5);
    expect(days).toBeLessThanOrEqual(7);
  });
});
