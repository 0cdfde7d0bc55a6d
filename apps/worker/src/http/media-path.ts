import { resolveStreamName } from '@pushfleet/protocols';

/** How the media of a stream look in the body of a request or a response. */
export type MediaFormat = 'mpegts' | 'm4s';

/** What the URL of a request names. */
export interface MediaPath {
  /** Name of the stream; empty when the path names nothing that a stream could be called. */
  readonly name: string;
  /** Undefined when the path is the bare name. */
  readonly format: MediaFormat | undefined;
  /** Not decoded; may hold a password. */
  readonly query: string;
}

const isFormat = (segment: string | undefined): segment is MediaFormat => segment === 'mpegts' || segment === 'm4s';

/**
 * `/NAME/mpegts`, `/NAME/m4s` or `/NAME`, where NAME may hold slashes and an application in front, as over RTMP. A stream whose own name ends
 * with `/mpegts` or `/m4s` is reached by its name with one of the two behind it.
 */
export function parseMediaPath(url: string): MediaPath {
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  const query = mark === -1 ? '' : url.slice(mark + 1);
  const segments = path.split('/').filter((segment) => segment !== '');
  const last = segments.at(-1);
  const format = segments.length > 1 && isFormat(last) ? last : undefined;
  const name = decoded((format === undefined ? segments : segments.slice(0, -1)).join('/'));
  const isPath = url.startsWith('/') && name !== undefined && !/[?#]/.test(name);
  return { name: isPath ? resolveStreamName('', name).name : '', format, query };
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
