import { BlockList, type SocketAddress } from 'node:net';
import type { Cidr } from '@pushfleet/config';
import type { Origin } from '@pushfleet/contract';
import { contains, type IpAddress, type IpRange, ipRange, parseIpAddress } from './ip-address.ts';
import { carriedIpv4, nonPublicRanges, sealedRanges } from './special-ranges.ts';

/**
 * Who named the target. `operator`: the config file; any address but link-local and cloud metadata. `public`: API, intake queue,
 * redirects; addresses of the public Internet only.
 */
export type Trust = 'operator' | 'public';

/** The trust in what came that way. */
export const trustIn = (origin: Origin): Trust => (origin === 'file' ? 'operator' : 'public');

/**
 * Which addresses this worker may connect to. `deny` always wins. `allow` opens what is closed by default, except that a link-local or
 * metadata address needs an entry from inside its own range: `0.0.0.0/0` does not open 169.254.169.254, `169.254.169.254/32` does.
 * An IPv6 address that carries an IPv4 one (mapped, NAT64, 6to4) is allowed only if both are.
 */
export class AddressPolicy {
  readonly #allow: readonly IpRange[];
  readonly #deny: readonly IpRange[];

  constructor({ allow, deny }: { readonly allow: readonly Cidr[]; readonly deny: readonly Cidr[] }) {
    this.#allow = allow.map(({ address, prefix }) => ipRange(address, prefix));
    this.#deny = deny.map(({ address, prefix }) => ipRange(address, prefix));
  }

  /** False for whatever is not the text of an IP address: names are resolved first. */
  allows(address: string, trust: Trust): boolean {
    return this.objection(address, trust) === undefined;
  }

  /** Why the address is closed, in a word or two (`loopback`, `private`, `cloud metadata`, `denied` ...); undefined when it is open. */
  objection(address: string, trust: Trust): string | undefined {
    const outer = parseIpAddress(address);
    if (outer === undefined) return 'not an IP address';
    const inner = carriedIpv4(outer);
    return this.#objection(outer, trust) ?? (inner && this.#objection(inner, trust));
  }

  /**
   * The policy as the `blockList` option of `net.connect`, which asks it about the address really connected to. `tls.connect` and
   * undici's TLS ignore that option: TLS goes on top of a socket that `net.connect` has opened.
   */
  blockListFor(trust: Trust): BlockList {
    return new PolicyBlockList((address) => !this.allows(address, trust));
  }

  #objection(address: IpAddress, trust: Trust): string | undefined {
    if (this.#deny.some((range) => contains(range, address))) return 'denied';
    const allowed = narrowest(this.#allow, address);
    const sealed = narrowest(sealedRanges, address);
    if (sealed !== undefined && (allowed === undefined || allowed.prefix < sealed.prefix)) return sealed.name;
    if (trust === 'operator' || allowed !== undefined) return undefined;
    return narrowest(nonPublicRanges, address)?.name;
  }
}

function narrowest<Range extends IpRange>(ranges: readonly Range[], address: IpAddress): Range | undefined {
  return ranges.filter((range) => contains(range, address)).sort((a, b) => b.prefix - a.prefix)[0];
}

/** A `net.BlockList` cannot express exceptions (its rules only add up), so this one asks. */
class PolicyBlockList extends BlockList {
  readonly #isBlocked: (address: string) => boolean;

  constructor(isBlocked: (address: string) => boolean) {
    super();
    this.#isBlocked = isBlocked;
  }

  override check(address: string | SocketAddress): boolean {
    return this.#isBlocked(typeof address === 'string' ? address : address.address);
  }
}
