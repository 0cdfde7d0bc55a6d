import { didYouMean } from './nearest.ts';

/** URL schemes that a push can deliver to. */
export const pushSchemes = ['rtmp', 'rtmps', 'tshttp', 'tshttps', 'hls', 'hlss', 'm4s', 'm4ss'] as const;

/** URL schemes that a stream can be read from; `publish://` means that someone publishes to us. */
export const inputSchemes = [
  'publish',
  'rtmp',
  'rtmps',
  'tshttp',
  'tshttps',
  'http',
  'https',
  'hls',
  'hlss',
  'm4s',
  'm4ss',
  'file',
] as const;

const foreignPushSchemes = new Set(
  'm4f m4fs srt srt1 srt2 udp udp1 udp2 decklink dektec dektec-asi ndi st2110'.split(' '),
);

const foreignInputSchemes = new Set(
  (
    'rtsp rtsps rtsp1 rtsp2 rtsp2s hls2 hls2s m4f m4fs srt srt1 srt2 udp udp1 udp2 tstcp rtp shoutcast fake copy playlist timeshift mixer ' +
    'mosaic mosaic2 decklink dektec dektec-asi dvb ndi v4l v4l2 st2110 webrtc whip whep h323 frip onvif'
  ).split(' '),
);

const MAX_URL_LENGTH = 4096;

/** Why a URL cannot be used. Neither text quotes the URL, except for its scheme. */
export interface UrlProblem {
  /** `foreign_scheme`: one of Flussonic's that we do not speak. */
  readonly code: 'bad_url' | 'unknown_scheme' | 'foreign_scheme';
  readonly message: string;
  readonly hint?: string;
}

/** What hinders `url` from being the target of a push, if anything. */
export function pushUrlProblem(url: string): UrlProblem | undefined {
  return urlProblem(url, 'push', pushSchemes, foreignPushSchemes);
}

/** What hinders `url` from being the input of a stream, if anything. */
export function inputUrlProblem(url: string): UrlProblem | undefined {
  return urlProblem(url, 'input', inputSchemes, foreignInputSchemes);
}

function urlProblem(
  url: string,
  kind: 'push' | 'input',
  schemes: readonly string[],
  foreign: ReadonlySet<string>,
): UrlProblem | undefined {
  if (url.length > MAX_URL_LENGTH) return bad(`the ${kind} URL is longer than ${MAX_URL_LENGTH} characters`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\s\u0000-\u001f\u007f]/.test(url))
    return bad(`the ${kind} URL holds a space or a control character`, 'percent-encode it');
  const scheme = /^([a-z][a-z0-9+.-]{0,31}):\/\//i.exec(url)?.[1];
  if (scheme === undefined) return bad(`the ${kind} URL has no scheme`, useOneOf(schemes));
  const name = scheme.toLowerCase();
  if (!schemes.includes(name)) {
    if (foreign.has(name))
      return foreignScheme(
        `${kind === 'push' ? 'pushes' : 'inputs'} with ${name}:// are not supported`,
        useOneOf(schemes),
      );
    const hint = didYouMean(name, schemes) ?? useOneOf(schemes);
    return { code: 'unknown_scheme', message: `the ${kind} URL has the unknown scheme '${name}'`, hint };
  }
  const rest = url.slice(scheme.length + 3);
  if (name === 'publish') return rest === '' ? undefined : bad('publish:// takes no address', 'write publish://');
  if (name === 'file') return rest === '' ? bad('the file:// URL names no file') : undefined;
  const authority = rest.split(/[/?#]/, 1)[0]!;
  const host = authority.slice(authority.lastIndexOf('@') + 1).replace(/:\d*$/, '');
  return host === '' ? bad(`the ${kind} URL names no host`) : undefined;
}

const useOneOf = (schemes: readonly string[]): string =>
  `use one of ${schemes.map((scheme) => `${scheme}://`).join(' ')}`;

const foreignScheme = (message: string, hint: string): UrlProblem => ({ code: 'foreign_scheme', message, hint });

const bad = (message: string, hint?: string): UrlProblem => ({
  code: 'bad_url',
  message,
  ...(hint !== undefined && { hint }),
});
