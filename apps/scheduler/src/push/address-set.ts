import { BlockList, isIP } from 'node:net';

/** A set of IP addresses, made from CIDR blocks. IPv4 and IPv6 are kept apart: a `BlockList` takes each IPv4 address for `::ffff:...` too. */
export class AddressSet {
  readonly #ipv4 = new BlockList();
  readonly #ipv6 = new BlockList();

  constructor(blocks: readonly string[]) {
    for (const block of blocks) {
      const [address = '', prefix] = block.split('/');
      if (isIP(address) === 4) this.#ipv4.addSubnet(address, Number(prefix), 'ipv4');
      else this.#ipv6.addSubnet(address, Number(prefix), 'ipv6');
    }
  }

  /** `address`: the text of an IP address. */
  has(address: string): boolean {
    return isIP(address) === 4 ? this.#ipv4.check(address, 'ipv4') : this.#ipv6.check(address, 'ipv6');
  }
}

/** Not the public Internet, see the IANA special-purpose registries. IPv4 inside IPv6 is looked at as IPv4 by the kernel, so closed too. */
export const nonPublic = new AddressSet(
  [
    '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24',
    '192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4',
    '::/3 2001::/23 2001:db8::/32 2002::/16 3fff::/20 4000::/2 8000::/1',
  ].flatMap((line) => line.split(' ')),
);
