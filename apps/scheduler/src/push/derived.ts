import { type ResolvedPushOptions, redactHeaders, redactUrl, resolvePushOptions } from '@pushfleet/config';
import type { DesiredPush } from '@pushfleet/contract';

// Objects of desired state are never changed in place, hence what follows from one is worked out once.
const options = new WeakMap<DesiredPush, ResolvedPushOptions>();
const urls = new WeakMap<DesiredPush, string>();
const hosts = new WeakMap<DesiredPush, string>();

/** The push's options with defaults. */
export function optionsOf(push: DesiredPush): ResolvedPushOptions {
  return remembered(options, push, () => resolvePushOptions(push.options));
}

/** The push's URL, fit to be shown. */
export function shownUrl(push: DesiredPush): string {
  return remembered(urls, push, () => redactUrl(push.url));
}

/** Host and port of the push's target. */
export function hostOfPush(push: DesiredPush): string {
  return remembered(hosts, push, () => hostOf(shownUrl(push)));
}

/** Host and port of a URL, without login; empty when there is none. */
export const hostOf = (url: string): string => /^[a-z0-9+.-]+:\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(url)?.[1] ?? '';

/** The push's header fields, fit to be shown. */
export const shownHeaders = (push: DesiredPush): Record<string, string> => redactHeaders(optionsOf(push).headers);

/** Has this very revision ended in an error? */
export function restsInError(push: DesiredPush): boolean {
  return push.error?.revision === push.revision;
}

function remembered<V>(memory: WeakMap<DesiredPush, V>, push: DesiredPush, derive: () => V): V {
  const known = memory.get(push);
  if (known !== undefined) return known;
  const value = derive();
  memory.set(push, value);
  return value;
}
