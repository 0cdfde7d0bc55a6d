import { isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { PublishError, type PublishErrorCode } from '@pushfleet/protocols';
import { formatEndpoint } from './endpoint.ts';

/** What was dialled, to be named in the detail of an error. */
interface Target {
  readonly host: string;
  readonly port: number;
}

/** What Node adds to the errors of its sockets. */
interface SystemError {
  readonly code?: string;
  readonly name?: string;
  readonly address?: string;
}

/** Turns what one step of dialling threw into the reason for people. */
export type DialFailure = (error: unknown, target: Target) => PublishError;

/** Detail: `ENOTFOUND live.example.com`. */
export function dnsFailure(error: unknown, { host }: Target): PublishError {
  return new PublishError('dns', `${codeOf(error)} ${host}`, { cause: error });
}

/** `closed` are the addresses with the policy's word for each. Detail: `localhost is 127.0.0.1 (loopback)`. */
export function blockedFailure(closed: readonly string[], { host }: Target): PublishError {
  return new PublishError('blocked_address', isIP(host) === 0 ? `${host} is ${enumerate(closed)}` : enumerate(closed));
}

/**
 * System errors of `connect`. When several addresses failed, the code listed first here names the attempt: an address that answered
 * says more about the target than one that kept silent.
 */
const connectCodes: Readonly<Record<string, PublishErrorCode>> = {
  EMFILE: 'overloaded',
  ENFILE: 'overloaded',
  ECONNREFUSED: 'connect_refused',
  ECONNRESET: 'target_closed', // it was accepted, and reset before we could look
  ETIMEDOUT: 'connect_timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable', // no local address of this family
  EAFNOSUPPORT: 'unreachable',
  EACCES: 'unreachable', // firewalls that answer "administratively prohibited"
  EPERM: 'unreachable',
  EINVAL: 'unreachable',
  ERR_IP_BLOCKED: 'blocked_address',
  ERR_SOCKET_BAD_PORT: 'url_invalid',
};
const connectRanks = Object.keys(connectCodes);

/** Detail: `ECONNREFUSED live.example.com:1935 at 192.0.2.7; ENETUNREACH live.example.com:1935 at 2001:db8::7`. */
export function connectFailure(error: unknown, target: Target): PublishError {
  const failures: SystemError[] = error instanceof AggregateError ? error.errors : [error];
  const byCode = [...Map.groupBy(failures, codeOf)].sort(([a], [b]) => connectRank(a) - connectRank(b));
  const code = connectCodes[byCode[0]?.[0] ?? ''] ?? 'internal';
  const details = byCode.map(([systemCode, same]) => `${systemCode} ${describeEndpoint(target, same)}`);
  return new PublishError(code, details.join('; '), { cause: error });
}

function connectRank(systemCode: string): number {
  const rank = connectRanks.indexOf(systemCode);
  return rank < 0 ? connectRanks.length : rank;
}

function describeEndpoint({ host, port }: Target, failures: readonly SystemError[]): string {
  const addresses = failures.flatMap(({ address }) => (address === undefined || address === host ? [] : [address]));
  const endpoint = formatEndpoint(host, port);
  return addresses.length === 0 ? endpoint : `${endpoint} at ${enumerate(addresses)}`;
}

const notTls = 'the port does not speak TLS';
const closedEarly = 'the target closed the connection during the TLS handshake; perhaps the port does not speak TLS';
const authorityUnknown =
  'the authority of the certificate is not trusted, or the target does not send its intermediate certificates';
const noCommonVersion = 'the target speaks only versions of TLS before 1.2';

/** What the codes of Node and OpenSSL mean to the person who has to heal it. */
const tlsMeanings: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate comes from a private authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: authorityUnknown,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: authorityUnknown,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: authorityUnknown,
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet, or the clock of the worker is slow',
  ECONNRESET: closedEarly,
  EPIPE: closedEarly,
  ERR_SSL_WRONG_VERSION_NUMBER: notTls,
  ERR_SSL_UNEXPECTED_MESSAGE: notTls,
  ERR_SSL_DATA_LENGTH_TOO_LONG: notTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: notTls,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: noCommonVersion,
  ERR_SSL_UNSUPPORTED_PROTOCOL: noCommonVersion,
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': 'the target found no common cipher, or asks for a client certificate',
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 'the target does not serve this host name',
};

/** Detail: code and meaning, `CERT_HAS_EXPIRED: the certificate has expired`. `host` is the name that was to be verified. */
export function tlsFailure(error: unknown, { host, port }: Target): PublishError {
  const code = codeOf(error);
  if (code === 'ETIMEDOUT') return connectFailure(error, { host, port });
  const meaning = certifiedNames(error, host) ?? tlsMeanings[code];
  return new PublishError('tls', meaning === undefined ? code : `${code}: ${meaning}`, { cause: error });
}

/** For a certificate of somebody else: whose it is. */
function certifiedNames(error: unknown, host: string): string | undefined {
  const certificate = (error as { cert?: PeerCertificate }).cert;
  if (certificate === undefined) return undefined;
  const names = certificate.subjectaltname?.replaceAll(/(DNS|IP Address):/g, '').split(', ') ?? [];
  const known = names.length > 0 ? names : [certificate.subject?.CN ?? 'nobody'].flat();
  return `certificate is for ${enumerate(known)}, not for ${host}`;
}

function codeOf(error: unknown): string {
  const { code, name } = error as SystemError;
  return code ?? name ?? 'unknown';
}

/** A peer or a DNS server chooses how long the list is, so its tail is only counted. */
function enumerate(items: readonly string[]): string {
  const shown = items.slice(0, 4).join(', ');
  return items.length > 4 ? `${shown} and ${items.length - 4} more` : shown;
}
