import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains, ipRange, parseIpAddress } from './ip-address.ts';

const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });

describe('parseIpAddress', () => {
  it.each([
    ['127.0.0.1', 'ipv4', 0x7f000001n],
    ['255.255.255.255', 'ipv4', 0xffffffffn],
    ['::', 'ipv6', 0n],
    ['::1', 'ipv6', 1n],
    ['::ffff:127.0.0.1', 'ipv6', 0xffff_7f00_0001n],
    ['::FFFF:7f00:1', 'ipv6', 0xffff_7f00_0001n],
    ['2001:db8::7', 'ipv6', 0x2001_0db8_0000_0000_0000_0000_0000_0007n],
    ['1:2:3:4:5:6:7::', 'ipv6', 0x0001_0002_0003_0004_0005_0006_0007_0000n],
    ['64:ff9b::192.0.2.33', 'ipv6', 0x0064_ff9b_0000_0000_0000_0000_c000_0221n],
    ['fe80::1%eth0', 'ipv6', 0xfe80_0000_0000_0000_0000_0000_0000_0001n],
  ])('reads %s', (text, family, value) => {
    expect(parseIpAddress(text)).toEqual({ family, value });
  });

  it.each(['', 'localhost', '127.1', '0x7f000001', '2130706433', '010.0.0.1', '[::1]', '1.2.3.4.5', ':::', '1::2::3'])(
    'takes %s for a name',
    (text) => {
      expect(parseIpAddress(text)).toBeUndefined();
    },
  );

  it('reads every spelling that the URL parser gives an IPv6 address', () => {
    fc.assert(
      fc.property(groups, (parts) => {
        const full = parts.map((part) => part.toString(16)).join(':');
        const compressed = new URL(`http://[${full}]/`).hostname.slice(1, -1);
        expect(parseIpAddress(compressed)).toEqual(parseIpAddress(full));
        expect(parseIpAddress(full)?.value.toString(16)).toBe(
          BigInt(`0x${parts.map((part) => part.toString(16).padStart(4, '0')).join('')}`).toString(16),
        );
      }),
    );
  });
});

describe('contains', () => {
  it.each([
    ['172.16.0.0', 12, '172.16.0.0', true],
    ['172.16.0.0', 12, '172.31.255.255', true],
    ['172.16.0.0', 12, '172.15.255.255', false],
    ['172.16.0.0', 12, '172.32.0.0', false],
    ['172.20.1.2', 12, '172.16.0.0', true],
    ['192.0.2.7', 32, '192.0.2.7', true],
    ['192.0.2.7', 32, '192.0.2.6', false],
    ['0.0.0.0', 0, '255.255.255.255', true],
    ['fe80::', 10, 'febf::1', true],
    ['fe80::', 10, 'fec0::', false],
    ['::', 0, '127.0.0.1', false],
    ['0.0.0.0', 0, '::ffff:127.0.0.1', false],
  ])('%s/%d and %s: %s', (address, prefix, candidate, expected) => {
    expect(contains(ipRange(address, prefix), parseIpAddress(candidate)!)).toBe(expected);
  });
});
