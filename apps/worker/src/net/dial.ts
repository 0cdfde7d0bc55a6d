import { ADDRCONFIG, NOTFOUND, lookup as systemLookup } from 'node:dns';
import { once } from 'node:events';
import { type BlockList, isIP, type LookupFunction, Socket } from 'node:net';
import {
  connect as connectTls,
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import type { Dial, DialOptions } from '@pushfleet/protocols';
import type { AddressPolicy, Trust } from './address-policy.ts';
import { blockedFailure, connectFailure, type DialFailure, dnsFailure, tlsFailure } from './dial-failure.ts';
import { bareHost, formatEndpoint } from './endpoint.ts';

/** Below the idle time after which the strictest firewalls and NATs forget a connection (30 s). */
const keepAliveDelayMs = 15_000;

/** Hears of each step of a dial that has succeeded, with particulars for people. */
export type DialProgress = (step: 'dns' | 'policy' | 'tcp' | 'tls', detail: string) => void;

export interface DialDeps {
  /** In place of `dns.lookup`; asked for all addresses, once per dial. */
  readonly lookup?: LookupFunction;
  /** PEM of the authorities to trust instead of those that Node brings. */
  readonly ca?: SecureContextOptions['ca'];
  readonly progress?: DialProgress;
}

/**
 * The only way out to a target: resolves the name, leaves out the addresses that the policy closes, connects to the others in turn
 * (both families) and puts TLS on that very socket. It has no timeout of its own: `signal` ends it at once, and the signal's reason is
 * what it rejects with; every other failure is a PublishError. With the promise resolved the socket is the caller's, who has to listen
 * for its `error`; a connection that breaks under TLS may only `close`.
 */
export function createDial(
  policy: AddressPolicy,
  trust: Trust,
  { lookup = systemLookup, ca, progress }: DialDeps = {},
): Dial {
  const blockList = policy.blockListFor(trust);
  const secureContext = createSecureContext(ca === undefined ? {} : { ca });

  return async (options) => {
    const target = { ...options, host: bareHost(options.host) };
    const { host, port, tls, signal } = target;
    const explained = <T>(step: Promise<T>, failure: DialFailure, name = host): Promise<T> =>
      step.catch((error) => {
        throw signal.aborted ? signal.reason : failure(error, { host: name, port });
      });

    signal.throwIfAborted();
    const answers = await explained(resolveHost(target, lookup), dnsFailure);
    progress?.('dns', answers.join(', '));
    const addresses = openAddresses(answers, target, policy, trust);
    progress?.('policy', addresses.join(', '));
    const socket = await explained(openTcp(target, addresses, blockList), connectFailure);
    const peer = formatEndpoint(socket.remoteAddress ?? host, port);
    progress?.('tcp', peer);
    if (tls === undefined) return { socket, peer };
    const name = tls.servername ?? host;
    const terms = { name, verify: tls.verify, secureContext, signal };
    const secured = await explained(openTls(socket, terms), tlsFailure, name);
    progress?.('tls', describeTls(secured));
    return { socket: secured, peer };
  };
}

/** A lookup cannot be stopped: after an abort its answer is ignored. */
async function resolveHost({ host, signal }: DialOptions, lookup: LookupFunction): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  const { promise, resolve, reject } = Promise.withResolvers<string[]>();
  const abandon = () => reject(signal.reason);
  signal.addEventListener('abort', abandon);
  try {
    lookup(host, { all: true, hints: ADDRCONFIG }, (error, found) => {
      const addresses = [found ?? []].flat().map((answer) => (typeof answer === 'string' ? answer : answer.address));
      if (error || addresses.length === 0) reject(error ?? { code: NOTFOUND });
      else resolve(addresses);
    });
    return await promise;
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}

function openAddresses(addresses: string[], target: DialOptions, policy: AddressPolicy, trust: Trust): string[] {
  const open = addresses.filter((address) => policy.allows(address, trust));
  if (open.length > 0) return open;
  const closed = addresses.map((address) => `${address} (${policy.objection(address, trust)})`);
  throw blockedFailure(closed, target);
}

/** The block list judges the address of each connect call once more, so that no way around the resolving above stays open. */
async function openTcp(
  { host, port, signal }: DialOptions,
  addresses: string[],
  blockList: BlockList,
): Promise<Socket> {
  const answers = addresses.map((address) => ({ address, family: isIP(address) }));
  const socket = new Socket({ blockList, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveDelayMs });
  try {
    socket.connect({ host, port, autoSelectFamily: true, lookup: (_host, _options, answer) => answer(null, answers) });
    await once(socket, 'connect', { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

interface TlsTerms {
  /** What the certificate has to be for. */
  readonly name: string;
  readonly verify: boolean;
  readonly secureContext: SecureContext;
  readonly signal: AbortSignal;
}

/** TLS without ALPN. Only names go out as server name, without the root's dot (RFC 6066 §3). */
async function openTls(socket: Socket, { name, verify, secureContext, signal }: TlsTerms): Promise<TLSSocket> {
  const servername = isIP(name) === 0 ? { servername: name.replace(/\.$/, '') } : {};
  try {
    const secured = connectTls({ socket, host: name, ...servername, secureContext, rejectUnauthorized: verify });
    await once(secured, 'secureConnect', { signal });
    return secured;
  } catch (error) {
    socket.destroy(); // and with it the TLS socket on top
    throw error;
  }
}

/** `TLSv1.3, certificate of live.example.com, valid until Nov 29 12:00:00 2027 GMT` */
function describeTls(socket: TLSSocket): string {
  const { subject, valid_to } = socket.getPeerCertificate();
  const owner = subject?.CN === undefined ? '' : `, certificate of ${[subject.CN].flat().join(' and ')}`;
  return `${socket.getProtocol()}${owner}${valid_to === undefined ? '' : `, valid until ${valid_to}`}`;
}
