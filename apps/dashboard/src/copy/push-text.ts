import type { PushView } from '@pushfleet/contract';

/** What is needed to write a push down. `url` is as it is shown: the key is masked, whoever pastes the text puts it in. */
export type WrittenPush = Pick<
  PushView,
  | 'stream'
  | 'url'
  | 'disabled'
  | 'retry_timeout'
  | 'retry_limit'
  | 'timeout'
  | 'connect_timeout'
  | 'comment'
  | 'pool'
  | 'labels'
  | 'hls_profile'
  | 'hls_method'
  | 'hls_delete'
  | 's3_region'
>;

/** Options that differ from their default, with their names in the API. */
function givenOptions(push: WrittenPush): [name: string, value: string | number | boolean][] {
  const all: [string, string | number | boolean | null, unknown][] = [
    ['retry_timeout', push.retry_timeout, 5],
    ['retry_limit', push.retry_limit, null],
    ['timeout', push.timeout, null],
    ['connect_timeout', push.connect_timeout, 5],
    ['comment', push.comment, ''],
    ['pool', push.pool, 'default'],
    ['hls_profile', push.hls_profile, 'auto'],
    ['hls_method', push.hls_method, 'put'],
    ['hls_delete', push.hls_delete, null],
    ['s3_region', push.s3_region, ''],
  ];
  return all.flatMap(([name, value, fallback]) => (value === fallback || value === null ? [] : [[name, value]]));
}

/** The request that makes this push. */
export function asCurl(push: WrittenPush, origin: string): string {
  const hasLabels = Object.keys(push.labels).length > 0;
  const body = {
    stream: push.stream,
    url: push.url,
    ...Object.fromEntries(givenOptions(push)),
    ...(push.disabled && { disabled: true }),
    ...(hasLabels && { labels: push.labels }),
  };
  return [
    `curl -X POST ${shellWord(`${origin}/api/v1/pushes`)}`,
    `  -H 'content-type: application/json' -H "authorization: Bearer $PUSHFLEET_TOKEN"`,
    `  -d ${shellWord(JSON.stringify(body))}`,
  ].join(' \\\n');
}

/** The command that makes this push. It has no word for labels: they are left out. */
export function asCli(push: WrittenPush): string {
  const words = givenOptions(push).flatMap(([name, value]) => {
    const flag = `--${name.replaceAll('_', '-')}`;
    if (name === 'hls_delete') return [value === true ? flag : '--no-hls-delete'];
    return [flag, shellWord(String(value))];
  });
  return [
    'pushfleet',
    'add',
    shellWord(push.stream),
    shellWord(push.url),
    ...words,
    ...(push.disabled ? ['--disabled'] : []),
  ].join(' ');
}

/** Its line in the `stream` block of a config file. */
export function asConfigLine(push: WrittenPush): string {
  const options = givenOptions(push).map(([name, value]) => `${name}=${configWord(String(value))}`);
  const labels = Object.entries(push.labels).map(([name, value]) => `labels.${name}=${configWord(value)}`);
  return `${['push', configWord(push.url), ...options, ...labels, ...(push.disabled ? ['disabled'] : [])].join(' ')};`;
}

/** What is needed to write a stream down; inputs are as they are shown, with secrets masked. */
export interface WrittenStream {
  readonly name: string;
  readonly title: string;
  readonly comment: string;
  readonly disabled: boolean;
  readonly has_password: boolean;
  readonly inputs: readonly string[];
  readonly segment_count: number | null;
  /** Seconds. */
  readonly segment_duration: number | null;
  /** Seconds. */
  readonly source_timeout: number | null;
}

/** Its block in a config file, `pushLines` inside. */
export function asConfigBlock(stream: WrittenStream, pushLines: readonly string[]): string {
  const setting = (name: string, value: string | number | null) =>
    value === null || value === '' ? [] : [`${name} ${configWord(String(value))};`];
  const lines = [
    ...setting('title', stream.title),
    ...setting('comment', stream.comment),
    ...(stream.disabled ? ['disabled;'] : []),
    ...(stream.has_password ? ['password ***;'] : []),
    ...stream.inputs.map((input) => `input ${configWord(input)};`),
    ...setting('segment_count', stream.segment_count),
    ...setting('segment_duration', stream.segment_duration),
    ...setting('source_timeout', stream.source_timeout),
    ...pushLines,
  ];
  return `stream ${stream.name} {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`;
}

const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** A word of the config language; one that holds what ends a word, or begins a comment, stands in quotes. */
const configWord = (text: string): string => (/[\s;{}"'\\]|^#|^$/.test(text) ? quoted(text) : text);

const quoted = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`;
