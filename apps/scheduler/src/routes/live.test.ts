import type { AddressInfo } from 'node:net';
import {
  type FleetSummary,
  type LiveEvents,
  type LiveSnapshot,
  type PushRow,
  pushColumns,
  pushRow,
  type RowChanges,
  rowChanger,
  type StreamChanges,
} from '@pushfleet/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenTo, type Message } from '../testing/event-client.ts';
import { TestApp } from '../testing/test-app.ts';

const key = 'secret-key-0001';
const LIVE = '/api/v1/events?live=1';

let app: TestApp;
let port: number;
beforeAll(async () => {
  app = await TestApp.start();
  await app.app.listen({ host: '127.0.0.1', port: 0 });
  port = (app.app.server.address() as AddressInfo).port;
  await app.putWorker({ egressBps: 5_000_000 });
  await app.call('PUT', '/api/v1/streams/news', { inputs: ['publish://'] });
});
afterAll(() => app[Symbol.asyncDispose]());

const create = (id: string, options = {}) =>
  app.call('POST', '/api/v1/pushes', { id, stream: 'news', url: `rtmp://a.example.com:1936/live/${key}`, ...options });
const dataOf = <T>({ data }: Message): T => JSON.parse(data) as T;

/** What a dashboard has after these messages. */
function follow(messages: readonly Message[]) {
  let rows = new Map<number, PushRow>();
  let streams = new Map<string, object>();
  let fleet: FleetSummary | undefined;
  const events: string[] = [];
  for (const message of messages) {
    if (message.event === 'snapshot') {
      const snapshot = dataOf<LiveSnapshot>(message);
      rows = new Map(snapshot.pushes.map((cells) => [cells[0] as number, pushRow(cells)]));
      streams = new Map(snapshot.streams.map((stream) => [stream.name, stream]));
      fleet = snapshot.fleet;
    } else if (message.event === 'rows') {
      const { removed, added, changed } = dataOf<RowChanges>(message);
      for (const row of removed) rows.delete(row);
      for (const cells of added) rows.set(cells[0] as number, pushRow(cells));
      for (const change of changed)
        for (const cells of change.rows) {
          const row = cells[0] as number;
          rows.set(row, rowChanger(change.columns)(rows.get(row)!, cells));
        }
    } else if (message.event === 'streams') {
      const { removed, changed } = dataOf<StreamChanges>(message);
      for (const name of removed) streams.delete(name);
      for (const stream of changed) streams.set(stream.name, stream);
    } else if (message.event === 'fleet') fleet = dataOf<FleetSummary>(message);
    else if (message.event === 'events') events.push(...dataOf<LiveEvents>(message).events.map(({ event }) => event));
  }
  return { push: (id: string) => [...rows.values()].find((row) => row.id === id), streams, fleet: fleet!, events };
}

const poll = <T>(look: () => T) => expect.poll(look);

describe('GET /api/v1/live', () => {
  it('has every push with what the API says of it, and the fleet in short', async () => {
    await create('whole', { retry_limit: 3, labels: { site: 'x' } });
    const client = listenTo(port, LIVE);
    await poll(() => follow(client.messages).push('whole')).toBeDefined();
    client.close();
    const { status, body, text } = await app.call('GET', '/api/v1/live');
    expect(status).toBe(200);
    expect(text).not.toContain(key);
    const snapshot = body as LiveSnapshot;
    const row = pushRow(snapshot.pushes[0]!);
    expect(snapshot.columns).toEqual(pushColumns);
    const view = await app.push('whole');
    for (const column of pushColumns) {
      if (column !== 'row' && column !== 'host') expect({ [column]: row[column] }).toEqual({ [column]: view[column] });
    }
    expect(row).toMatchObject({ row: 0, host: 'a.example.com:1936' });
    expect(snapshot.streams).toMatchObject([{ name: 'news', status: 'waiting' }]);
    expect(snapshot.workers).toMatchObject([{ name: 'worker-1', state: 'ready' }]);
    expect(snapshot.fleet).toMatchObject({
      pushes: { pending: 1, running: 0 },
      workers: { ready: 1, total: 1 },
      egress_bps: 5_000_000,
      redis: { away: false },
      config: { source: 'api', errors: 0 },
    });
  });
});

describe('the live feed', () => {
  it('begins with a snapshot and goes on with the cells that change', async () => {
    await create('changing');
    const client = listenTo(port, LIVE);
    expect(await client.opened).toBe(200);
    await poll(() => client.messages[0]?.event).toBe('snapshot');
    await poll(() => follow(client.messages).push('changing')).toMatchObject({ status: 'pending', bitrate_bps: 0 });
    await app.putReport({ push: 'changing', bitrate_bps: 4_000_000 });
    await poll(() => follow(client.messages).push('changing')).toMatchObject({
      status: 'running',
      worker: 'worker-1',
      bitrate_bps: 4_000_000,
    });
    const before = client.messages.length;
    await app.putReport({ push: 'changing', bitrate_bps: 4_100_000 });
    await poll(() => follow(client.messages).push('changing')?.bitrate_bps).toBe(4_100_000);
    const [rows] = client.messages.slice(before).filter(({ event }) => event === 'rows');
    expect(dataOf<RowChanges>(rows!)).toEqual({
      removed: [],
      added: [],
      changed: [{ columns: ['bitrate_bps'], rows: [[expect.any(Number), 4_100_000]] }],
    });
    await poll(() => follow(client.messages).streams.get('news')).toMatchObject({ status: 'running' });
    await app.call('DELETE', '/api/v1/pushes/changing');
    await poll(() => follow(client.messages).push('changing')).toBeUndefined();
    await poll(() => follow(client.messages).events).toContain('push_removed');
    client.close();
  });

  it('says nothing but how the fleet does while nothing changes', async () => {
    const client = listenTo(port, LIVE);
    const count = (name: string) => client.messages.filter(({ event }) => event === name).length;
    await poll(() => count('fleet')).toBeGreaterThanOrEqual(2);
    const quiet = client.messages.length;
    await poll(() => count('fleet')).toBeGreaterThanOrEqual(4);
    expect(new Set(client.messages.slice(quiet).map(({ event }) => event))).toEqual(new Set(['fleet']));
    client.close();
  });

  it('counts the retries of a push that fails', async () => {
    await create('failing');
    const client = listenTo(port, LIVE);
    await poll(() => follow(client.messages).push('failing')).toBeDefined();
    const at = '2026-01-01T00:00:00.000Z';
    const error = { code: 'connect_refused', message: 'refused', at, peer: '' };
    const { revision } = await app.push('failing');
    await app.putReport({
      push: 'failing',
      status: 'retry',
      revision: revision as number,
      attempt: 2,
      failures_in_a_row: 2,
      last_error: error,
      next_retry_at: new Date(Date.now() + 60_000).toISOString(),
    });
    await poll(() => follow(client.messages).push('failing')).toMatchObject({ status: 'retry', last_error: error });
    await app.redis.hset(app.keys.counters('failing'), 'retries_total', '2');
    await poll(() => follow(client.messages).push('failing')?.retries_total).toBe(2);
    client.close();
  });

  it('resumes without a snapshot where a client was, and with one where it cannot', async () => {
    const first = listenTo(port, LIVE);
    await poll(() => first.messages.length).toBeGreaterThan(1);
    const { id } = first.messages.at(-1)!;
    first.close();
    await create('missed');
    const second = listenTo(port, LIVE, { 'last-event-id': id });
    await poll(
      () =>
        second.messages.flatMap((message) => (message.event === 'rows' ? dataOf<RowChanges>(message).added : []))
          .length,
    ).toBe(1);
    expect(second.messages.map(({ event }) => event)).not.toContain('snapshot');
    await poll(() => follow(second.messages).events).toEqual(['push_created']);
    second.close();
    const [event] = id.split('~');
    const third = listenTo(port, `${LIVE}&since=${event}~00000000.5`);
    await poll(() => follow(third.messages).events).toEqual(['push_created']);
    expect(third.messages[0]!.event).toBe('snapshot');
    expect(follow(third.messages).push('missed')).toBeDefined();
    third.close();
  });
});
