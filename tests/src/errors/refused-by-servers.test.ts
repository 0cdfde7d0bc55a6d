import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FailureReport, failureReport } from '../harness/failure-report.ts';
import { CLIP, publishClip } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { type NginxRtmp, startNginxRtmp } from '../harness/nginx-rtmp.ts';
import { type NodeMediaServer, startNodeMediaServer } from '../harness/node-media-server.ts';
import { type RtmpSink, startRtmpSink } from '../harness/rtmp-sink.ts';
import { StatusWatch } from '../harness/status-watch.ts';
import type { TestProcess } from '../harness/test-process.ts';

const cases = [
  {
    name: 'nginx-rtmp with `deny publish`, which says Publish.Start and closes',
    url: () => `${nginx.strictUrl}/unwanted`,
    code: 'target_refused',
    says: /right after it had accepted.*a key or a busy name.*NetStream\.Publish\.Start/,
  },
  {
    name: 'nginx-rtmp with a name that ffmpeg publishes',
    url: () => `${nginx.url}/busy`,
    code: 'rtmp_badname',
    says: /already being published.*NetStream\.Publish\.BadName/,
  },
  {
    name: 'nginx-rtmp without such an application, which closes without a word',
    url: () => `rtmp://127.0.0.1:${nginx.port}/nowhere/name`,
    code: 'rtmp_rejected',
    says: /closed without an answer to connect; perhaps it does not know the application/,
  },
  {
    name: 'node-media-server with a name that ffmpeg publishes, which says Publish.Start and closes',
    url: () => `${server.url}/busy`,
    code: 'target_refused',
    says: /right after it had accepted.*a key or a busy name.*NetStream\.Publish\.Start/,
  },
  {
    name: 'a server that says BadName',
    url: () => `${sink.url}/refuse`,
    code: 'rtmp_badname',
    says: /already being published.*NetStream\.Publish\.BadName/,
  },
  {
    name: 'a server that says Publish.Start and closes',
    url: () => `${sink.url}/close-after-start`,
    code: 'target_refused',
    says: /right after it had accepted.*a key or a busy name.*NetStream\.Publish\.Start/,
  },
  {
    name: 'a server that wants another password',
    url: () => `rtmp://me:wrong@127.0.0.1:${guarded.port}/live/studio`,
    code: 'rtmp_auth',
    says: /user name or password.*authfailed/,
  },
  {
    name: 'a server that wants a login where the URL has none',
    url: () => `rtmp://127.0.0.1:${guarded.port}/live/studio`,
    code: 'rtmp_auth',
    says: /user name or password.*need auth/,
  },
];

let nginx: NginxRtmp;
let server: NodeMediaServer;
let sink: RtmpSink;
let guarded: RtmpSink;
let fleet: Fleet;
let watch: StatusWatch;
const publishers: TestProcess[] = [];
const ids: string[] = [];

beforeAll(async () => {
  nginx = await startNginxRtmp();
  server = await startNodeMediaServer();
  sink = await startRtmpSink({ decide: (name) => name as 'refuse' });
  guarded = await startRtmpSink({ login: { user: 'me', password: 'right' } });
  publishers.push(publishClip(`${nginx.url}/busy`), publishClip(`${server.url}/busy`));
  await nginx.untilPublished('busy');
  await server.untilPublished('busy');
  fleet = await startFleet({ config: `stream demo { input file://${CLIP}; }` });
  watch = new StatusWatch(fleet.api);
  for (const { url } of cases) {
    const { id } = await fleet.api.createPush({ stream: 'demo', url: url(), retry_timeout: 1 });
    watch.add(id);
    ids.push(id);
  }
});

afterAll(async () => {
  await watch?.stop();
  await fleet?.stop();
  await Promise.all(publishers.map((publisher) => publisher.stop()));
  await Promise.all([nginx, server, sink, guarded].map((peer) => peer?.stop()));
});

describe.each(cases.map((one, index) => ({ ...one, index })))('$name', ({ index, code, says }) => {
  let report: FailureReport;
  beforeAll(async () => {
    report = await failureReport(fleet, watch, ids[index]!, { failures: 3 });
    console.log(`${code}: ${report.tookMs} ms, ${JSON.stringify(report.counted)}, "${report.api.message}"`);
  });

  it(`fails with ${code} and a sentence that helps, in API, journal, events and log alike`, () => {
    const peer = new URL(cases[index]!.url()).host;
    expect(report.api).toMatchObject({ code, message: expect.stringMatching(says), peer });
    const { message } = report.api;
    expect(report.journal).toMatchObject({ cause: code, message, failed: true, peer });
    expect(report.event).toMatchObject({ cause: code, message, status: 'retry' });
    expect(report.logged).toMatchObject({ cause: code, message, level: 'warn' });
    expect(Object.keys(report.counted)).toEqual([code]);
  });

  it('was never said to run', () => {
    expect(watch.polls).toBeGreaterThan(20);
    expect(watch.statuses(ids[index]!)).toContain('retry');
    expect(watch.saidRunning(ids[index]!)).toBe(false);
  });
});
