import type {
  FleetEvent,
  JournalEntry,
  LastError,
  LiveSource,
  MediaInfo,
  PushReport,
  PushRow,
} from '@pushfleet/contract';
import { publishErrorMessage } from '@pushfleet/protocols';
import { simulatedReport, simulatedWorker } from '../bench/simulated-reports.ts';

/** What the pictures show: an evening at a small broadcaster, with what goes wrong on such an evening. */
export const CONFIG = `# Evening of 29 November

stream news {
  title "News, main programme";
  input publish://;
  push rtmps://a.rtmps.youtube.com:443/live2/abcd-efgh-ijkl-mnop-qrst comment="main channel";
  push rtmp://live.twitch.tv/app/live_123456789_AbCdEfGhIjKlMnOpQrSt;
  push rtmps://live-api-s.facebook.com:443/rtmp/FB-1234567890-0-AbCdEfGhIj retry_limit=5;
  push hlss://p-ep123456.i.akamaientrypoint.net/123456/news/index.m3u8;
  push tshttps://ingest.cdn.example.com/news/mpegts retry_timeout=10 labels.region=eu;
}

stream sports/arena-1 {
  title "Arena, camera 1";
  input rtmp://encoder-1.example.com/live/arena;
  push rtmp://ingest.cdn.example.com/sports/arena-1-main-key retry_timeout=10 retry_limit=5;
  push rtmp://backup.cdn.example.com/sports/arena-1-backup-key disabled;
  push m4s://fleet-west.example.com:8081/arena-1;
}

stream sports/arena-2 {
  title "Arena, camera 2";
  input rtmp://encoder-2.example.com/live/arena;
  push rtmp://ingest.cdn.example.com/sports/arena-2-main-key retry_limit=5;
  push rtmps://a.rtmps.youtube.com:443/live2/zyxw-vuts-rqpo-nmlk-jihg;
}

stream radio {
  title "Radio, studio picture";
  input publish://;
  push rtmp://live.twitch.tv/app/live_987654321_ZyXwVuTsRqPoNmLkJiHg;
  push hls://origin.example.com/radio/ hls_profile=generic;
}

stream parliament {
  input publish://;
  push rtmp://ingest.cdn.example.com/public/parliament-key timeout=30;
}
`;

/** The same with a slip of the hand, for the page of the configuration. */
export const BROKEN_CONFIG = CONFIG.replace(
  'retry_timeout=10 retry_limit=5;\n  push rtmp://backup',
  'retry_timout=10 retry_limit=five;\n  push rtmp://backup',
);

const HOUR_MS = 3_600_000;
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

export const workers = [
  simulatedWorker('fra-1', { held: 5, egressBps: 27_400_000, cpuPercent: 21, capacity: 200, labels: { region: 'eu' } }),
  simulatedWorker('fra-2', { held: 4, egressBps: 19_800_000, cpuPercent: 17, capacity: 200, labels: { region: 'eu' } }),
  simulatedWorker('iad-1', {
    held: 3,
    egressBps: 11_200_000,
    cpuPercent: 83,
    eventLoopDelayMs: 38,
    capacity: 100,
    fullCause: 'cpu',
    full: 'CPU at 83 %, the limit is 80 %',
    labels: { region: 'us' },
  }),
];

/** The streams that are published, each with the address of whoever answers for its worker. */
export function sources(http: string): LiveSource[] {
  const source = (stream: string, publisher: string, sinceMs: number): LiveSource => ({
    stream,
    worker: 'fra-1-process',
    workerName: 'fra-1',
    rtmp: '198.51.100.11:1935',
    http,
    token: stream,
    publisher,
    since: ago(sinceMs),
  });
  return [source('news', '203.0.113.7:51234', 3.2 * HOUR_MS), source('radio', '203.0.113.9:40112', 26 * HOUR_MS)];
}

export const media: MediaInfo = {
  worker: 'fra-1',
  at: new Date().toISOString(),
  bitrate_bps: 6_192_000,
  tracks: [
    {
      kind: 'video',
      codec: 'h264',
      profile: 'avc1.64002a',
      width: 1920,
      height: 1080,
      fps: 50,
      gop_ms: 2_000,
      sample_rate: null,
      channels: null,
      bitrate_bps: 6_000_000,
    },
    {
      kind: 'audio',
      codec: 'aac',
      profile: 'mp4a.40.2',
      width: null,
      height: null,
      fps: null,
      gop_ms: null,
      sample_rate: 48_000,
      channels: 2,
      bitrate_bps: 192_000,
    },
  ],
};

const refused: LastError = {
  code: 'connect_refused',
  message: publishErrorMessage('connect_refused', 'ECONNREFUSED ingest.cdn.example.com:1935 at 192.0.2.44'),
  at: ago(4_000),
  peer: '',
};
const rejected: LastError = {
  code: 'rtmp_rejected',
  message: publishErrorMessage('rtmp_rejected', 'NetStream.Publish.Denied: stream key has expired'),
  at: ago(8 * 60_000),
  peer: '192.0.2.80:443',
};

/** What the workers say of each push after so many seconds; undefined for one that rests. */
export function reportOf(push: PushRow, index: number, second: number): PushReport | undefined {
  const worker = workers[index % workers.length]!.name;
  const wave = Math.sin((second + index * 3) / 4);
  const running = simulatedReport(push.id, worker, {
    revision: push.revision,
    opened_at: ago((3.1 - index / 10) * HOUR_MS),
    connected_at: ago((3.1 - index / 10) * HOUR_MS - 400),
    bitrate_bps: Math.round(6_190_000 + 310_000 * wave + 15_000 * index),
    bytes: Math.round(8_400_000_000 - index * 91_000_000 + second * 774_000),
    frames: 558_000 + second * 97,
    dropped_frames: index === 4 ? 212 : 0,
    lag_ms: Math.round(38 + 22 * Math.abs(wave) + (index === 4 ? 340 : 0)),
    queue_bytes: Math.round(9_000 + 6_000 * Math.abs(wave) + (index === 4 ? 210_000 : 0)),
    peer: '192.0.2.40:443',
  });
  if (push.host.startsWith('ingest.cdn') && push.stream === 'sports/arena-1')
    return {
      ...running,
      status: 'retry',
      reason: refused.message,
      attempt: 3,
      failures_in_a_row: 3,
      last_error: refused,
      next_retry_at: new Date(Date.now() + 1_000 * (8 - (second % 7))).toISOString(),
    };
  if (push.host.startsWith('live-api-s'))
    return {
      ...running,
      status: 'error',
      reason: rejected.message,
      attempt: 5,
      failures_in_a_row: 5,
      last_error: rejected,
    };
  if (push.stream === 'sports/arena-2' && push.host.startsWith('a.rtmps'))
    return { ...running, status: 'stalled', reason: 'the target has read nothing for 6 s', bitrate_bps: 0 };
  if (push.stream === 'parliament')
    return { ...running, status: 'waiting', reason: 'waits for a publisher', connected_at: null, bitrate_bps: 0 };
  return push.status === 'disabled' ? undefined : running;
}

/** The journal of the push whose target is down, newest first. */
export const journal: JournalEntry[] = [
  entry(3, 14_100, 14_000, 'connect_refused', refused.message, 0),
  entry(2, 24_500, 24_400, 'connect_refused', refused.message, 0),
  entry(1, 35_000, 34_900, 'connect_refused', refused.message, 0),
  entry(1, 2.9 * HOUR_MS, 45_000, 'target_closed', publishErrorMessage('target_closed', 'ECONNRESET'), 7_914_000_000),
  entry(1, 27 * HOUR_MS, 2.95 * HOUR_MS, 'drained', '', 68_200_000_000),
];

function entry(
  attempt: number,
  startMs: number,
  endMs: number,
  cause: string,
  message: string,
  bytes: number,
): JournalEntry {
  return {
    attempt,
    worker: bytes === 0 ? 'fra-1' : 'fra-2',
    started_at: ago(startMs),
    connected_at: bytes === 0 ? null : ago(startMs - 350),
    ended_at: ago(endMs),
    peer: bytes === 0 ? '' : '192.0.2.44:1935',
    bytes,
    frames: Math.round(bytes / 15_000),
    cause,
    message,
    failed: bytes === 0 || cause === 'target_closed',
  };
}

/** What has happened lately, oldest first. */
export function events(pushes: readonly PushRow[]): FleetEvent[] {
  const find = (stream: string, host: string) =>
    pushes.find((push) => push.stream === stream && push.host.startsWith(host))!;
  const of = (push: PushRow) => ({ push: push.id, stream: push.stream, url: push.url, worker: 'fra-1' });
  const [arena, youtube, facebook] = [
    find('sports/arena-1', 'ingest.cdn'),
    find('news', 'a.rtmps'),
    find('news', 'live-api-s'),
  ];
  const retry = (ms: number, failures: number): FleetEvent => ({
    event: 'push_retry',
    at: ago(ms),
    ...of(arena),
    status: 'retry',
    cause: refused.code,
    message: refused.message,
    failures_in_a_row: failures,
  });
  return [
    { event: 'worker_started', at: ago(25 * HOUR_MS), worker: 'iad-1' },
    { event: 'stream_started', at: ago(3.2 * HOUR_MS), stream: 'news', worker: 'fra-1', peer: '203.0.113.7:51234' },
    { event: 'push_opened', at: ago(3.1 * HOUR_MS), ...of(youtube), status: 'starting' },
    {
      event: 'push_connected',
      at: ago(3.1 * HOUR_MS - 350),
      ...of(youtube),
      status: 'starting',
      peer: '192.0.2.40:443',
    },
    { event: 'push_started', at: ago(3.1 * HOUR_MS - 420), ...of(youtube), status: 'running' },
    {
      event: 'push_error',
      at: rejected.at,
      ...of(facebook),
      status: 'error',
      cause: rejected.code,
      message: rejected.message,
      failures_in_a_row: 5,
    },
    { event: 'worker_full', at: ago(5 * 60_000), worker: 'iad-1', message: 'CPU at 83 %, the limit is 80 %' },
    { event: 'push_closed', at: ago(45_000), ...of(arena), cause: 'target_closed', bytes: 7_914_000_000, attempt: 1 },
    {
      event: 'target_down',
      at: ago(34_000),
      worker: 'fra-1',
      host: 'ingest.cdn.example.com:1935',
      cause: refused.code,
    },
    retry(34_900, 1),
    retry(24_400, 2),
    retry(14_000, 3),
    { event: 'push_disabled', at: ago(9_000), ...of(find('sports/arena-1', 'backup')), by: 'api' },
  ];
}
