import type { ErrorGroup } from '@pushfleet/contract';
import { describe, expect, it } from 'vitest';
import { listErrors, pushesOfGroup } from './error-list.ts';

const group = (code: string, host: string, fields: Partial<ErrorGroup> = {}): ErrorGroup => ({
  code,
  host,
  fault: 'target',
  title: 'The target refused the TCP connection.',
  remedy: 'Check that the target server runs.',
  affected: 0,
  pushes: [],
  attempts: 1,
  first_seen: '2026-11-29T19:00:00Z',
  last_seen: '2026-11-29T20:00:00Z',
  last_message: '',
  ...fields,
});

describe('the list of errors', () => {
  const groups = [
    group('dns', 'a.example:1935', { last_seen: '2026-11-29T20:01:00Z' }),
    group('connect_refused', 'b.example:1935', { affected: 2 }),
    group('tls', 'c.example:443', { affected: 40, fault: 'operator' }),
    group('auth_refused', 'd.example:1935', {
      last_seen: '2026-11-29T20:09:00Z',
      last_message: 'NetConnection.Rejected',
    }),
    group('connect_refused', 'e.example:1935', { affected: 2, last_seen: '2026-11-29T20:05:00Z' }),
  ];
  const hosts = (list: readonly ErrorGroup[]) => list.map(({ host }) => host[0]).join('');

  it('begins with what affects most pushes now; what is over follows, the latest first', () => {
    const { current, over } = listErrors(groups, '');
    expect(hosts(current)).toBe('ceb');
    expect(hosts(over)).toBe('da');
  });

  it.each([
    ['connect_refused e.example', 'e'],
    ['CONNECT_REFUSED', 'eb'],
    ['netconnection', 'd'],
    ['configuration', 'c'],
    ['nothing like it', ''],
  ])('is narrowed by words, %s', (query, expected) => {
    const { current, over } = listErrors(groups, query);
    expect(hosts([...current, ...over])).toBe(expected);
  });
});

describe('the link to the pushes of a group', () => {
  const query = (link: string) => new URLSearchParams(link.split('?')[1]).get('q');

  it('asks for code and host', () => {
    expect(query(pushesOfGroup(group('dns', 'a.example:1935')))).toBe('error:dns host:a.example:1935');
  });
  it('leaves out a host that is not known', () => expect(query(pushesOfGroup(group('dns', '')))).toBe('error:dns'));
});
