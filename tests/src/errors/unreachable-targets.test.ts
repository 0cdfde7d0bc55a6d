import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FailureReport, failureReport } from '../harness/failure-report.ts';
import { CLIP } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { type NginxRtmp, startNginxRtmp } from '../harness/nginx-rtmp.ts';
import { type NodeMediaServer, startNodeMediaServer } from '../harness/node-media-server.ts';
import { freePort } from '../harness/ports.ts';
import { type RtmpSink, startRtmpSink } from '../harness/rtmp-sink.ts';
import { StatusWatch } from '../harness/status-watch.ts';
import {
  type FullPort,
  startClosingTarget,
  startFullPort,
  startResettingTarget,
  startSilentTarget,
  type TcpTarget,
} from '../harness/tcp-targets.ts';

const CONNECT_TIMEOUT_MS = 2_000;

const cases = [
  {
    name: 'a host name that does not exist',
    url: () => 'rtmp://host.invalid/live/studio',
    code: 'dns',
    says: /could not be resolved.*host\.invalid/,
  },
  {
    name: 'a port on which nobody listens',
    url: () => `rtmp://127.0.0.1:${unusedPort}/live/studio`,
    code: 'connect_refused',
    says: /refused the TCP connection.*ECONNREFUSED/,
  },
  {
    name: 'a port that answers no connect',
    url: () => `rtmp://127.0.0.1:${full.port}/live/studio`,
    code: 'connect_timeout',
    says: /did not answer within connect_timeout.*no connection yet/,
  },
  {
    name: 'a server that takes the connection and never says a word',
    url: () => `rtmp://127.0.0.1:${silent.port}/live/studio`,
    code: 'connect_timeout',
    says: /did not answer within connect_timeout.*no answer to the handshake/,
  },
  {
    name: 'a server that never answers publish',
    url: () => `${sink.url}/studio`,
    code: 'connect_timeout',
    says: /did not answer within connect_timeout.*no answer to publish/,
  },
  {
    name: 'a server that closes each connection at once',
    url: () => `rtmp://127.0.0.1:${closing.port}/live/studio`,
    code: 'target_closed',
    says: /closed the connection.*during the handshake/,
  },
  {
    name: 'a server that resets each connection at once',
    url: () => `rtmp://127.0.0.1:${resetting.port}/live/studio`,
    code: 'target_closed',
    says: /closed the connection.*ECONNRESET/,
  },
  {
    name: 'a port of nginx that speaks HTTP',
    url: () => `rtmp://127.0.0.1:${nginx.httpPort}/live/studio`,
    code: 'protocol_violation',
    says: /the port speaks HTTP and not RTMP/,
  },
  {
    name: 'a port that speaks RTMP and not RTMPS',
    url: () => `rtmps://127.0.0.1:${nginx.port}/live/studio`,
    code: 'tls',
    says: /TLS handshake.*does not speak TLS/,
  },
  {
    name: 'a port that speaks RTMPS and not RTMP',
    url: () => `${untrusted.secureUrl.replace('rtmps', 'rtmp')}/studio`,
    code: 'target_closed',
    says: /perhaps the port does not speak RTMP/,
  },
  {
    name: 'a certificate that nobody vouches for',
    url: () => `${untrusted.secureUrl}/studio`,
    code: 'tls',
    says: /TLS handshake.*self-signed/,
  },
  {
    name: 'a trusted certificate of somebody else',
    url: () => `${misnamed.secureUrl}/studio`,
    code: 'tls',
    says: /TLS handshake.*certificate is for elsewhere\.example, not for 127\.0\.0\.1/,
  },
];

let unusedPort: number;
let full: FullPort;
let silent: TcpTarget;
let closing: TcpTarget;
let resetting: TcpTarget;
let sink: RtmpSink;
let nginx: NginxRtmp;
let untrusted: NodeMediaServer;
let misnamed: NodeMediaServer;
let fleet: Fleet;
let watch: StatusWatch;
const ids: string[] = [];

beforeAll(async () => {
  unusedPort = await freePort();
  [full, silent, closing, resetting] = await Promise.all([
    startFullPort(),
    startSilentTarget(),
    startClosingTarget(),
    startResettingTarget(),
  ]);
  sink = await startRtmpSink({ decide: () => 'ignore' });
  nginx = await startNginxRtmp();
  untrusted = await startNodeMediaServer();
  misnamed = await startNodeMediaServer({ certificateNames: 'DNS:elsewhere.example' });
  fleet = await startFleet({
    config: `stream demo { input file://${CLIP}; }`,
    workerEnv: { NODE_EXTRA_CA_CERTS: misnamed.certificateFile },
  });
  watch = new StatusWatch(fleet.api);
  const options = { stream: 'demo', retry_timeout: 1, connect_timeout: CONNECT_TIMEOUT_MS / 1000 };
  for (const { url } of cases) {
    const { id } = await fleet.api.createPush({ ...options, url: url() });
    watch.add(id);
    ids.push(id);
  }
});

afterAll(async () => {
  await watch?.stop();
  await fleet?.stop();
  const peers = [full, silent, closing, resetting, sink, nginx, untrusted, misnamed];
  await Promise.all(peers.map((peer) => peer?.stop()));
});

describe.each(cases.map((one, index) => ({ ...one, index })))('$name', ({ index, code, says }) => {
  let report: FailureReport;
  beforeAll(async () => {
    report = await failureReport(fleet, watch, ids[index]!, { failures: 3 });
    console.log(`${code}: ${report.tookMs} ms, ${JSON.stringify(report.counted)}, "${report.api.message}"`);
  });

  it(`fails with ${code} and a sentence that helps, in API, journal, events and log alike`, () => {
    expect(report.api).toMatchObject({ code, message: expect.stringMatching(says) });
    const { message } = report.api;
    expect(report.journal).toMatchObject({ cause: code, message, failed: true });
    expect(report.event).toMatchObject({ cause: code, message, status: 'retry' });
    expect(report.logged).toMatchObject({ cause: code, message, level: 'warn' });
    expect(Object.keys(report.counted)).toEqual([code]);
    if (code !== 'connect_timeout') return;
    expect(report.tookMs).toBeGreaterThanOrEqual(CONNECT_TIMEOUT_MS - 5);
    expect(report.tookMs).toBeLessThan(CONNECT_TIMEOUT_MS + 2_000); // and not the 5 s of the default
  });

  it('was never said to run', () => {
    expect(watch.polls).toBeGreaterThan(20);
    expect(watch.statuses(ids[index]!)).toContain('retry');
    expect(watch.saidRunning(ids[index]!)).toBe(false);
  });
});
