/** One thing that a service gives to whoever wants to publish there. */
export interface PresetField {
  readonly name: string;
  readonly label: string;
  readonly placeholder: string;
  /** Where it is found, or what it means. */
  readonly hint?: string;
  readonly isSecret?: boolean;
  readonly isOptional?: boolean;
  /** What is wrong with a value; undefined when nothing is. */
  readonly problem?: (value: string) => string | undefined;
}

/** A service that pushes go to, and how its URL is made. */
export interface Preset {
  readonly id: string;
  readonly name: string;
  /** What to know before pushing there. */
  readonly note: string;
  readonly fields: readonly PresetField[];
  /** All fields are filled in; values without spaces around them. */
  readonly url: (values: Readonly<Record<string, string>>) => string;
}

const withoutSlashes = (text: string): string => text.replace(/^\/+|\/+$/g, '');

/** A key is one segment of a path. People paste the whole URL into its place, or a key with a line break. */
function keyProblem(value: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value))
    return 'This is a whole URL. Only the key belongs here; for a URL take "Custom URL".';
  if (/\s/.test(value)) return 'A key has no spaces or line breaks in it: copy it again.';
  return undefined;
}

function hostProblem(value: string): string | undefined {
  if (value.includes('://')) return 'Only the host name belongs here, without the scheme.';
  if (/[/\s]/.test(value)) return 'A host name has no slashes and no spaces in it.';
  return undefined;
}

function pathProblem(value: string): string | undefined {
  if (value.includes('://')) return 'This is a whole URL. Only the path belongs here.';
  return /\s/.test(value) ? 'A path has no spaces in it: percent-encode them.' : undefined;
}

const streamKey = (
  placeholder: string,
  hint: string,
  looksRight?: (key: string) => string | undefined,
): PresetField => ({
  name: 'key',
  label: 'Stream key',
  placeholder,
  hint,
  isSecret: true,
  problem: (value) => keyProblem(value) ?? looksRight?.(value),
});

export const presets: readonly Preset[] = [
  {
    id: 'custom',
    name: 'Custom URL',
    note: 'RTMP, MPEG-TS over HTTP, HLS or M4S, each with or without TLS.',
    fields: [],
    url: ({ url = '' }) => url,
  },
  {
    id: 'youtube',
    name: 'YouTube',
    note: 'RTMPS to the primary ingest. Key frames at most 4 s apart; 2 s is what YouTube asks for.',
    fields: [
      streamKey('xxxx-xxxx-xxxx-xxxx-xxxx', 'YouTube Studio › Go live › Stream key', (key) =>
        /^[a-z0-9]{4}(-[a-z0-9]{4}){3,5}$/i.test(key)
          ? undefined
          : 'YouTube keys are groups of four characters, joined by "-".',
      ),
    ],
    url: ({ key }) => `rtmps://a.rtmps.youtube.com:443/live2/${key}`,
  },
  {
    id: 'twitch',
    name: 'Twitch',
    note: 'RTMP to the nearest ingest. Key frames every 2 s, at most 6 Mb/s.',
    fields: [
      streamKey('live_123456789_…', 'Creator Dashboard › Settings › Stream', (key) =>
        /^live_\d+_\w+/.test(key) ? undefined : 'Twitch keys begin with "live_" and a number.',
      ),
    ],
    url: ({ key }) => `rtmp://live.twitch.tv/app/${key}`,
  },
  {
    id: 'facebook',
    name: 'Facebook',
    note: 'RTMPS only. Key frames every 2 s, AAC sound; a broadcast ends after 8 hours.',
    fields: [streamKey('FB-1234567890-0-Ab…', 'Live Producer › Streaming software › Stream key')],
    url: ({ key }) => `rtmps://live-api-s.facebook.com:443/rtmp/${key}`,
  },
  {
    id: 'cloudflare',
    name: 'Cloudflare',
    note: 'RTMPS to a live input of Cloudflare Stream.',
    fields: [streamKey('0123456789abcdef…', 'Stream › Live inputs › RTMPS key')],
    url: ({ key }) => `rtmps://live.cloudflare.com:443/live/${key}`,
  },
  {
    id: 'akamai',
    name: 'Akamai HLS',
    note: 'HLS by PUT over TLS to a Media Services Live entry point; segments of 2 to 10 s.',
    fields: [
      {
        name: 'stream',
        label: 'Stream id',
        placeholder: '123456',
        hint: 'Of the entry point, from the Akamai Control Center',
        problem: (value) =>
          /^\d+(-b)?$/.test(value) ? undefined : 'A stream id is a number; "-b" behind it means the backup.',
      },
      { name: 'event', label: 'Event name', placeholder: 'final', problem: pathProblem },
    ],
    url: ({ stream = '', event = '' }) => {
      const entry = stream.endsWith('-b') ? 'b' : 'p';
      return `hlss://${entry}-ep${stream.replace(/-b$/, '')}.i.akamaientrypoint.net/${stream}/${withoutSlashes(event)}/index.m3u8`;
    },
  },
  {
    id: 'm4s',
    name: 'Flussonic m4s',
    note: 'Frame by frame to another fleet, and through routers that answer 302. The wire format of Flussonic itself is not public: to a Flussonic server push RTMP or MPEG-TS.',
    fields: [
      { name: 'host', label: 'Host', placeholder: 'example.com:8081', problem: hostProblem },
      { name: 'stream', label: 'Stream there', placeholder: 'news', problem: pathProblem },
    ],
    url: ({ host, stream = '' }) => `m4s://${host}/${withoutSlashes(stream)}`,
  },
];

export const presetOf = (id: string): Preset => presets.find((preset) => preset.id === id) ?? presets[0]!;

/** The URL of a filled-in preset, or what is missing or wrong, by field. */
export function presetUrl(
  preset: Preset,
  values: Readonly<Record<string, string>>,
): { readonly url: string } | { readonly problems: Readonly<Record<string, string>> } {
  const problems: Record<string, string> = {};
  const trimmed: Record<string, string> = {};
  for (const { name, label, isOptional, problem } of preset.fields) {
    const value = (values[name] ?? '').trim();
    trimmed[name] = value;
    const wrong = value === '' ? (isOptional ? undefined : `${label} is missing.`) : problem?.(value);
    if (wrong !== undefined) problems[name] = wrong;
  }
  return Object.keys(problems).length > 0
    ? { problems }
    : { url: preset.url({ ...trimmed, url: (values.url ?? '').trim() }) };
}
