// Status objects: what a server says to a command, in `_result`, `_error` and `onStatus`. RTMP 1.0 §7.2.

import type { AmfObject, AmfValue } from '../bytes/amf0.ts';
import { PublishError, type PublishErrorCode } from '../publisher/errors.ts';
import type { Command } from './wire/message.ts';

export interface Status {
  /** Usually `status`, `warning` or `error`. */
  readonly level: string;
  /** For instance `NetStream.Publish.Start`; empty when the server gave none. */
  readonly code: string;
  readonly description: string;
  /** Where a server sends us instead: `info.ex` with code 302. */
  readonly redirect: string | undefined;
}

/** The status object among the arguments of a command. */
export function parseStatus({ args }: Command): Status | undefined {
  const info = args.find((value): value is AmfObject => isObject(value) && ('code' in value || 'level' in value));
  if (info === undefined) return undefined;
  const ex = info.ex;
  const isRedirect = isObject(ex) && Number(ex.code) === 302 && typeof ex.redirect === 'string';
  return {
    level: text(info.level),
    code: text(info.code),
    description: text(info.description),
    redirect: isRedirect ? text(ex.redirect) : undefined,
  };
}

/** `NetStream.Publish.BadName: Already publishing`. */
export function describeStatus({ code, description }: Status): string {
  return [code, description].filter((part) => part !== '').join(': ');
}

/** The error that a refusing status stands for. */
export function refusalOf(status: Status): PublishError {
  return new PublishError(refusalCode(status), describeStatus(status));
}

function refusalCode({ code, description }: Status): PublishErrorCode {
  if (code.endsWith('.BadName')) return 'rtmp_badname';
  return code.endsWith('.Unauthorized') || /authfailed|nosuchuser/.test(description) ? 'rtmp_auth' : 'rtmp_rejected';
}

function isObject(value: AmfValue): value is AmfObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function text(value: AmfValue): string {
  return typeof value === 'string' ? value : '';
}
