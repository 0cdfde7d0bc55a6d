import type { StreamView } from '@pushfleet/contract';
import { DEMO_CLIP } from '../demo/received.ts';
import type { FleetState } from './fleet-state.ts';

const PUBLISHED = 'publish://';

/** Where everything is, as pairs of name and text. */
export function addresses({ api, rtmp, http, streams, received }: FleetState): [string, string][] {
  const open = streams.filter(
    ({ inputs, disabled }) => !disabled && inputs.some((input) => input.startsWith(PUBLISHED)),
  );
  const stream = open.find(({ pushes }) => pushes.length > 0) ?? open[0];
  return [
    ['Dashboard', `${api}/`],
    ['API', `${api}/api/v1   documentation ${api}/docs`],
    ['Bull Board', `${api}/queues`],
    ...publishAddresses(rtmp, stream, received === undefined ? 'FILE' : DEMO_CLIP),
    ...(http === '' ? [] : [httpIngest(http, stream?.name ?? 'NAME')]),
    ...(http === '' ? [] : [['Worker', `http://${http}/ready   metrics http://${http}/metrics`] as [string, string]]),
    ...(api === 'http://127.0.0.1:8080' ? [] : [['Commands', `PUSHFLEET_URL=${api} pushfleet ls`] as [string, string]]),
  ];
}

/** How to send `file` in, under the name of a stream that waits for it. */
function publishAddresses(rtmp: string, stream: StreamView | undefined, file: string): [string, string][] {
  const name = stream?.name ?? 'NAME';
  const lines: [string, string][] = [];
  if (rtmp !== '') lines.push(['RTMP ingest', `rtmp://${rtmp}/${name}`]);
  if (rtmp !== '' && stream !== undefined) {
    const password = stream.has_password ? '?password=...' : '';
    lines.push(
      ['with ffmpeg', `ffmpeg -re -stream_loop -1 -i ${file} -c copy -f flv 'rtmp://${rtmp}/${name}${password}'`],
      ['with OBS', `server rtmp://${rtmp}/live, stream key ${name}${password}`],
    );
  }
  return lines;
}

/** The same addresses play a stream, with GET. */
const httpIngest = (http: string, name: string): [string, string] => [
  'HTTP ingest',
  `http://${http}/${name}/mpegts   fragmented MP4 http://${http}/${name}/m4s`,
];
