import { once } from 'node:events';
import { type BlockList, connect, createServer, SocketAddress } from 'node:net';
import { type Cidr, parseCidr } from '@pushfleet/config';
import { describe, expect, it } from 'vitest';
import { AddressPolicy } from './address-policy.ts';

const block = (text: string): Cidr => parseCidr(text)!;

function policy({ allow = [], deny = [] }: { allow?: string[]; deny?: string[] } = {}): AddressPolicy {
  return new AddressPolicy({ allow: allow.map(block), deny: deny.map(block) });
}

const metadata = [
  ...['169.254.169.254', '169.254.170.2', '100.100.100.200', '168.63.129.16', '192.0.0.192'],
  ...['fd00:ec2::254', 'fd20:ce::254', 'fe80::a9fe:a9fe'],
];
const linkLocal = ['169.254.0.1', '169.254.255.254', 'fe80::1', 'fe80::1%eth0', 'febf:ffff::'];
const internal = [
  ...['0.0.0.0', '0.1.2.3', '127.0.0.1', '127.255.255.254', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
  ...['100.64.0.1', '100.127.255.255', '192.0.0.1', '192.0.2.1', '198.18.0.1', '198.19.255.255', '198.51.100.1'],
  ...['203.0.113.1', '192.88.99.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
  ...['::', '::1', '0:0:0:0:0:0:0:1', 'fc00::1', 'fd12:3456::1', 'fec0::1', 'ff02::1', '2001:db8::1', '3fff::1'],
  ...['100::1', '2001::1', '2001:2::1', '2001:10::1', '5f00::1', '4000::1', '64:ff9b:1::1'],
];
const ipv4InIpv6 = [
  ...['::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:7f00:0001', '::127.0.0.1', '::ffff:0:127.0.0.1'],
  ...['64:ff9b::127.0.0.1', '64:ff9b:1::7f00:1', '2002:7f00:1::', '2002:a00:1::5'],
];
const open = [
  ...[
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
  ],
  ...['192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255'],
  ...['2606:4700:4700::1111', '2001:4860:4860::8888', '2a00:1450::1', '2001:200::1', '2400::1'],
];

describe('public trust', () => {
  it.each([...internal, ...ipv4InIpv6, ...linkLocal, ...metadata])('does not reach %s', (address) => {
    expect(policy().allows(address, 'public')).toBe(false);
  });

  it.each(open)('reaches %s', (address) => {
    expect(policy().allows(address, 'public')).toBe(true);
  });

  it.each(['::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '2002:808:808::1'])(
    'does not reach a public address as %s',
    (address) => {
      expect(policy().allows(address, 'public')).toBe(false);
    },
  );

  it.each([
    ['127.0.0.0/8', '127.0.0.1', '10.0.0.1'],
    ['10.1.0.0/16', '10.1.255.255', '10.2.0.0'],
    ['::1/128', '::1', '::2'],
    ['fd12::/16', 'fd12::7', 'fd13::7'],
  ])('reaches with %s allowed %s and not %s', (allowed, inside, outside) => {
    const guarded = policy({ allow: [allowed] });
    expect(guarded.allows(inside, 'public')).toBe(true);
    expect(guarded.allows(outside, 'public')).toBe(false);
  });

  it('reaches IPv4 through an allowed NAT64 prefix as far as the IPv4 address is open itself', () => {
    const guarded = policy({ allow: ['64:ff9b::/96'] });
    expect(guarded.allows('64:ff9b::8.8.8.8', 'public')).toBe(true);
    expect(guarded.allows('64:ff9b::10.0.0.1', 'public')).toBe(false);
    expect(guarded.allows('64:ff9b::169.254.169.254', 'public')).toBe(false);
  });
});

describe('operator trust', () => {
  it.each([...internal.filter((address) => !metadata.includes(address)), ...ipv4InIpv6, ...open])(
    'reaches %s',
    (address) => {
      expect(policy().allows(address, 'operator')).toBe(true);
    },
  );

  it.each([...linkLocal, ...metadata])('does not reach %s', (address) => {
    expect(policy().allows(address, 'operator')).toBe(false);
  });

  it.each([
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::169.254.169.254',
    '::ffff:0:169.254.169.254',
    '64:ff9b::169.254.169.254',
    '2002:a9fe:a9fe::',
    '::ffff:100.100.100.200',
  ])('does not reach the metadata address in %s', (address) => {
    expect(policy().allows(address, 'operator')).toBe(false);
  });
});

describe.each(['operator', 'public'] as const)('allow and deny, %s trust', (trust) => {
  it('deny wins over allow, whichever is narrower', () => {
    const guarded = policy({ allow: ['10.0.0.0/8', '8.8.8.8/32'], deny: ['10.0.0.5/32', '8.0.0.0/8', '2606::/16'] });
    expect(guarded.allows('10.0.0.4', trust)).toBe(true);
    expect(guarded.allows('10.0.0.5', trust)).toBe(false);
    expect(guarded.allows('8.8.8.8', trust)).toBe(false);
    expect(guarded.allows('2606:4700:4700::1111', trust)).toBe(false);
  });

  it('denies an IPv4 address in its IPv6 forms too', () => {
    const guarded = policy({ allow: ['::/0', '0.0.0.0/0'], deny: ['8.8.8.8/32'] });
    expect(guarded.allows('::ffff:8.8.4.4', trust)).toBe(true);
    for (const address of ['::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '2002:808:808::1']) {
      expect(guarded.allows(address, trust), address).toBe(false);
    }
  });

  it.each(metadata)('opens %s to an entry that names it, and not to a wide one', (address) => {
    const wide = policy({
      allow: ['0.0.0.0/0', '::/0', '169.254.0.0/16', 'fe80::/10', 'fd00::/8', '100.100.100.0/24'],
    });
    expect(wide.allows(address, trust)).toBe(false);
    const exact = policy({ allow: [address] });
    expect(exact.allows(address, trust)).toBe(true);
  });

  it('opens link-local addresses to an entry from inside their range, and not to a wide one', () => {
    const guarded = policy({ allow: ['0.0.0.0/0', '::/0'] });
    expect(linkLocal.filter((address) => guarded.allows(address, trust))).toEqual([]);
    const named = policy({ allow: ['169.254.0.0/16', 'fe80::/10'] });
    expect(linkLocal.filter((address) => named.allows(address, trust))).toEqual(linkLocal);
  });

  it('lets nothing through that is not an address', () => {
    const guarded = policy({ allow: ['0.0.0.0/0', '::/0'] });
    for (const text of ['', 'localhost', '127.1', '2130706433', '/run/redis.sock']) {
      expect(guarded.allows(text, trust), text).toBe(false);
    }
  });
});

describe('objection', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['::1', 'loopback'],
    ['::', 'this network'],
    ['10.0.0.1', 'private'],
    ['100.64.0.1', 'carrier-grade NAT'],
    ['100.100.100.200', 'cloud metadata'],
    ['169.254.1.1', 'link-local'],
    ['169.254.169.254', 'cloud metadata'],
    ['::ffff:127.0.0.1', 'IPv4 inside IPv6'],
    ['2002::1', '6to4'],
    ['224.0.0.1', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['9.9.9.9', 'denied'],
    ['localhost', 'not an IP address'],
    ['8.8.8.8', undefined],
  ])('%s: %s', (address, word) => {
    expect(policy({ deny: ['9.9.9.9/32'] }).objection(address, 'public')).toBe(word);
  });
});

describe('blockListFor', () => {
  async function attempt(host: string, blockList: BlockList): Promise<string> {
    await using server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const socket = connect({ host, port, blockList, family: 4 });
    return await once(socket, 'connect')
      .then(
        () => 'connected',
        (error) => error.code,
      )
      .finally(() => socket.destroy());
  }

  it.each(['127.0.0.1', 'localhost', '127.1', '2130706433'])('is asked by net.connect about %s', async (host) => {
    expect(await attempt(host, policy().blockListFor('public'))).toBe('ERR_IP_BLOCKED');
    expect(await attempt(host, policy().blockListFor('operator'))).toBe('connected');
    expect(await attempt(host, policy({ allow: ['127.0.0.1/32'] }).blockListFor('public'))).toBe('connected');
  });

  it('takes a SocketAddress as well as text', () => {
    const blockList = policy().blockListFor('public');
    expect(blockList.check(new SocketAddress({ address: '127.0.0.1' }))).toBe(true);
    expect(blockList.check(new SocketAddress({ address: '8.8.8.8' }))).toBe(false);
    expect(blockList.check('::1', 'ipv6')).toBe(true);
  });
});
