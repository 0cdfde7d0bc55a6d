// How the text of an environment variable becomes a value.
import { BlockList, isIP } from 'node:net';
import { type Cidr, loopbackBlocks, parseCidrList } from '../cidr.ts';
import { parseRedisUrl, REDIS_URL_FORMS } from '../redis-url.ts';
import { Secret } from '../secret.ts';

/** Reads one kind of value. */
export interface ValueKind<T> {
  /** What fits, to follow 'must be'. */
  readonly expects: string;
  /** Undefined when the text does not fit. The text is trimmed and not empty. */
  read(text: string): T | undefined;
}

export const text = (expects: string, pattern: RegExp): ValueKind<string> => ({
  expects,
  read: (value) => (pattern.test(value) ? value : undefined),
});

export const integer = (min: number, max: number): ValueKind<number> => ({
  expects: `a whole number from ${min} to ${max}`,
  read: (value) => inRange(/^\d{1,10}$/.test(value) ? Number(value) : Number.NaN, min, max),
});

/** Seconds in the variable, milliseconds in the program. */
export const seconds = (min: number, max: number): ValueKind<number> => ({
  expects: `a number of seconds from ${min} to ${max}`,
  read: (value) => {
    const number = inRange(/^\d{1,10}(?:\.\d+)?$/.test(value) ? Number(value) : Number.NaN, min, max);
    return number === undefined ? undefined : Math.round(number * 1000);
  },
});

export const integerOrOff = (min: number, max: number): ValueKind<number | 'off'> => ({
  expects: `${integer(min, max).expects}, or off`,
  read: (value) => (value === 'off' ? 'off' : integer(min, max).read(value)),
});

/** 0 is any free port. */
export const port: ValueKind<number> = {
  expects: 'a port from 1 to 65535, or 0 for any free one',
  read: (value) => integer(0, 65_535).read(value),
};

export const portOrOff: ValueKind<number | 'off'> = {
  expects: `${port.expects}, or off`,
  read: (value) => (value === 'off' ? 'off' : port.read(value)),
};

export const oneOf = <T extends string>(...choices: readonly T[]): ValueKind<T> => ({
  expects: `one of ${choices.join(', ')}`,
  read: (value) => choices.find((choice) => choice === value.toLowerCase()),
});

/** Address or name without a port; square brackets around IPv6 are taken off. */
export const host: ValueKind<string> = {
  expects: 'an IP address or a host name, without a port',
  read: (value) => {
    const bare = value.replace(/^\[(.*)\]$/, '$1');
    const isName = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})$/.test(value);
    return isIP(bare) !== 0 ? bare : isName ? value : undefined;
  },
};

export const cidrList: ValueKind<readonly Cidr[]> = {
  expects: 'a list of addresses or blocks such as 10.0.0.0/8,fd00::/8',
  read: parseCidrList,
};

const LABEL = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,63})=([\u0020-\u002b\u002d-\u007e]{0,255})$/;

/** Names and texts of the operator's own choice. */
export const labels: ValueKind<Readonly<Record<string, string>>> = {
  expects: 'NAME=VALUE pairs such as region=eu,rack=1, with each name once',
  read: (value) => {
    const pairs = value.split(',').map((pair) => LABEL.exec(pair.trim()));
    const members = pairs.flatMap((pair) => (pair === null ? [] : [[pair[1]!, pair[2]!] as const]));
    const isWhole = members.length === pairs.length && new Set(members.map(([name]) => name)).size === pairs.length;
    return isWhole ? Object.fromEntries(members) : undefined;
  },
};

export const redisUrl: ValueKind<Secret> = {
  expects: REDIS_URL_FORMS,
  read: (value) => (parseRedisUrl(value) === undefined ? undefined : new Secret(value)),
};

/** Base URL of an HTTP server, without the slash at its end. */
export const httpUrl: ValueKind<string> = {
  expects: 'an http:// or https:// URL without login, query and fragment',
  read: (value) => {
    const url = URL.parse(value);
    if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
    if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return undefined;
    return url.href.replace(/\/+$/, '');
  },
};

/** A shared secret that travels in a header, so visible ASCII only. */
export const secret: ValueKind<Secret> = {
  expects: 'visible ASCII characters without spaces, at most 1024',
  read: (value) => (/^[\u0021-\u007e]{1,1024}$/.test(value) ? new Secret(value) : undefined),
};

const loopback = new BlockList();
for (const { address, prefix, family } of loopbackBlocks) loopback.addSubnet(address, prefix, family);

/** Whether only this machine reaches what listens on `address`. */
export function isLoopback(address: string): boolean {
  const version = isIP(address);
  if (version === 0) return address.toLowerCase() === 'localhost';
  return loopback.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

const inRange = (value: number, min: number, max: number): number | undefined =>
  value >= min && value <= max ? value : undefined;
