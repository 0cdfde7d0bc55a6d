import type { SpawnOptions } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { TestProcess } from './test-process.ts';

/** An address that no card has: what is sent to it goes nowhere, and nobody is told. */
const NOWHERE = '02:00:00:00:00:01';
const HOST_PREFIX_LENGTH = 24;

/** A host of a `TestNetwork`. The host of the tests themselves has no namespace. */
export interface NetworkHost {
  readonly name: string;
  readonly address: string;
  readonly namespace: string | undefined;
  /** Its card, as it calls it itself. */
  readonly card: string;
}

/** Why there can be no network namespaces here; undefined when there can. Needs root, `ip`, and a kernel that lets us. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are of Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const probe = `pfp${process.pid}`;
  try {
    ip('netns', 'add', probe);
    ip('-n', probe, 'link', 'add', 'br0', 'type', 'bridge');
    return undefined;
  } catch (error) {
    return `no network namespaces here: ${(error as Error).message.split('\n').at(-1)}`;
  } finally {
    tryIp('netns', 'delete', probe);
  }
}

/**
 * Hosts on one Ethernet, each a network namespace with a card of its own at a switch. The processes of the test are a host of it, too. A
 * path between two hosts can be cut, or a cable be pulled, in the way that hurts: packets vanish, and nobody gets an error or a reset.
 */
export class TestNetwork {
  /** Where the test itself is. */
  readonly here: NetworkHost;
  readonly #switch: string;
  readonly #subnet: string;
  readonly #prefix: string;
  readonly #hosts: NetworkHost[] = [];

  /** `subnet`: its first three bytes, such as 10.213.7 */
  constructor(subnet: string) {
    this.#subnet = subnet;
    this.#prefix = `pf${process.pid}`;
    this.#switch = `${this.#prefix}sw`;
    this.here = { name: 'here', address: `${subnet}.1`, namespace: undefined, card: `${this.#prefix}c` };
    ip('netns', 'add', this.#switch);
    ip('-n', this.#switch, 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', this.#switch, 'link', 'set', 'br0', 'up');
    ip('link', 'add', 'name', this.here.card, 'type', 'veth', 'peer', 'name', 'port-here', 'netns', this.#switch);
    this.#plug(this.here);
  }

  /** One more host, at `subnet`.`number`. */
  addHost(name: string, number: number): NetworkHost {
    const namespace = `${this.#prefix}${name}`;
    const host = { name, namespace, address: `${this.#subnet}.${number}`, card: 'eth0' };
    ip('netns', 'add', namespace);
    ip(
      '-n',
      this.#switch,
      'link',
      'add',
      'name',
      port(host),
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      namespace,
    );
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    this.#plug(host);
    this.#hosts.push(host);
    return host;
  }

  /** What is sent between two hosts vanishes, both ways. */
  cut(a: NetworkHost, b: NetworkHost): void {
    for (const [from, to] of [a, b].map((host) => [host, host === a ? b : a] as const)) {
      ipAt(from, 'neigh', 'replace', to.address, 'lladdr', NOWHERE, 'dev', from.card, 'nud', 'permanent');
    }
  }

  heal(a: NetworkHost, b: NetworkHost): void {
    for (const [from, to] of [a, b].map((host) => [host, host === a ? b : a] as const)) {
      ipAt(from, 'neigh', 'delete', to.address, 'dev', from.card);
    }
  }

  /** The switch's end of a cable goes down: the card loses its carrier. */
  pull(host: NetworkHost): void {
    ip('-n', this.#switch, 'link', 'set', port(host), 'down');
  }

  plugIn(host: NetworkHost): void {
    ip('-n', this.#switch, 'link', 'set', port(host), 'up');
  }

  /** Takes every host down; the processes at them must have ended. */
  close(): void {
    tryIp('link', 'delete', this.here.card);
    for (const { namespace } of this.#hosts) tryIp('netns', 'delete', namespace!);
    tryIp('netns', 'delete', this.#switch);
  }

  #plug(host: NetworkHost): void {
    ip('-n', this.#switch, 'link', 'set', port(host), 'master', 'br0', 'up');
    ipAt(host, 'address', 'add', `${host.address}/${HOST_PREFIX_LENGTH}`, 'dev', host.card);
    ipAt(host, 'link', 'set', host.card, 'up');
  }
}

/** Command line that runs a program at a host. */
export function commandAt(host: NetworkHost, command: string, args: readonly string[]): [string, ...string[]] {
  return host.namespace === undefined ? [command, ...args] : ['ip', 'netns', 'exec', host.namespace, command, ...args];
}

export function startAt(
  host: NetworkHost,
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): TestProcess {
  const [program, ...rest] = commandAt(host, command, args);
  return new TestProcess(host.name, program, rest, options);
}

const port = ({ name }: NetworkHost) => `port-${name}`;

function ipAt({ namespace }: NetworkHost, ...args: string[]): void {
  ip(...(namespace === undefined ? args : ['-n', namespace, ...args]));
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function tryIp(...args: string[]): void {
  try {
    ip(...args);
  } catch {
    // It is gone already.
  }
}
