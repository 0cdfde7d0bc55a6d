import { isIP } from 'node:net';
import { type Cidr, MASK, type PushSpec, resolveDelivery } from '@pushfleet/config';
import { ApiError } from '@pushfleet/contract';
import { type Protocol, protocolFor, supportedSchemes, TargetUrlError } from '@pushfleet/protocols';
import { maskedHeader } from '../secrets/masked-header.ts';
import { AddressSet, nonPublic } from './address-set.ts';

/**
 * Looks at the target of a push that comes from the API or the intake queue, so that whoever sends it hears at once what the worker would
 * find out later. Names are not resolved here: the worker, which dials, has the last word about addresses.
 */
export class TargetCheck {
  readonly #allowed: AddressSet;
  readonly #denied: AddressSet;

  constructor(allowed: readonly Cidr[], denied: readonly Cidr[]) {
    this.#allowed = new AddressSet(allowed.map(({ address, prefix }) => `${address}/${prefix}`));
    this.#denied = new AddressSet(denied.map(({ address, prefix }) => `${address}/${prefix}`));
  }

  /** Throws ApiError `invalid_target` with a sentence that says what to write instead. */
  check(spec: PushSpec): void {
    const { url } = spec;
    const protocol = protocolFor(url);
    if (protocol === undefined) {
      const scheme = url.slice(0, Math.max(url.indexOf(':'), 0)).toLowerCase();
      throw refusal(
        `${scheme}:// is not supported yet; use ${supportedSchemes.map((name) => `${name}://`).join(' or ')}.`,
      );
    }
    if (url.includes(MASK))
      throw refusal(`The URL is masked: ${MASK} stands where its secret was. Write the URL in full.`);
    refuseMaskedHeader(spec);
    this.#checkHost(parsedHost(protocol, spec));
  }

  /** As `check`, but looks only at where the URL leads. */
  checkAddress(spec: PushSpec): void {
    const protocol = protocolFor(spec.url);
    this.#checkHost(protocol === undefined ? hostOf(spec.url) : parsedHost(protocol, spec));
  }

  #checkHost(name: string | undefined): void {
    const host = name === undefined ? undefined : writtenOut(name);
    if (host === undefined) throw refusal('The URL names no host that can be read; write scheme://HOST:PORT/PATH.');
    if (this.#allows(host)) return;
    throw refusal(
      `The address '${host}' is not on the public Internet; ask the operator to add it to PUSHFLEET_ALLOW_TARGETS, or put the push into the config file.`,
    );
  }

  #allows(host: string): boolean {
    if (host === 'localhost' || host.endsWith('.localhost'))
      return this.#allowsAddress('127.0.0.1') || this.#allowsAddress('::1');
    return isIP(host) === 0 || this.#allowsAddress(host);
  }

  #allowsAddress(address: string): boolean {
    if (this.#denied.has(address)) return false;
    return this.#allowed.has(address) || !nonPublic.has(address);
  }
}

/** The host as the protocol will dial it. */
function parsedHost(protocol: Protocol, { url, ...options }: PushSpec): string {
  try {
    return protocol.parseTarget(url, resolveDelivery(options, {})).host;
  } catch (error) {
    if (error instanceof TargetUrlError) throw refusal(error.message);
    throw error;
  }
}

function refuseMaskedHeader(spec: PushSpec): void {
  const name = maskedHeader(spec);
  if (name === undefined) return;
  const detail = `The header ${name} is masked: ${MASK} stands where its value was. Write the value in full, or leave the header out of a patch.`;
  throw new ApiError('invalid_request', detail, [{ pointer: `#/headers/${name}`, detail }]);
}

/** The host of a URL whose protocol cannot be spoken yet. */
const hostOf = (url: string): string | undefined =>
  /^[a-z0-9+.-]+:\/\/(?:[^/?#]*@)?(\[[^\]]*\]|[^/:?#]+)/i.exec(url)?.[1]?.replace(/^\[|\]$/g, '');

/** The host as a connection would see it: `0x7f.1` and `2130706433` are written out, the final dot is gone. */
function writtenOut(host: string): string | undefined {
  const url = URL.parse(`http://${isIP(host) === 6 ? `[${host}]` : host}`);
  return url?.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

const refusal = (detail: string): ApiError => new ApiError('invalid_target', detail, [{ pointer: '#/url', detail }]);
