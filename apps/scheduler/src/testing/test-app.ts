import { randomUUID } from 'node:crypto';
import { createLogger, parseCidr, Secret } from '@pushfleet/config';
import {
  connectRedis,
  Keys,
  type PushReport,
  REPORT_TTL_MS,
  storedReport,
  type WorkerRecord,
} from '@pushfleet/contract';
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { Redis } from 'ioredis';
import { inject } from 'vitest';
import { buildApp } from '../app.ts';
import { pushReport, workerRecord } from './records.ts';

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
export type Answer = Record<string, any>;

export interface TestAppOptions {
  readonly prefix?: string;
  readonly redisUrl?: string;
  readonly token?: string;
  readonly configFile?: string;
  readonly allow?: readonly string[];
  readonly dashboard?: string;
}

/** A whole scheduler on the Redis of the test run, alone under its prefix, and a second connection to look behind it. */
export class TestApp implements AsyncDisposable {
  readonly app: FastifyInstance;
  readonly redis: Redis;
  readonly keys: Keys;

  static async start(options: TestAppOptions = {}): Promise<TestApp> {
    const { prefix = `test-${randomUUID()}`, redisUrl = inject('redisUrl'), token, configFile, allow = [] } = options;
    const { dashboard = '/nonexistent' } = options;
    const app = await buildApp(
      {
        redisUrl,
        prefix,
        configFile,
        allowTargets: allow.map((block) => parseCidr(block)!),
        denyTargets: [],
        token: token === undefined ? undefined : new Secret(token),
        version: '0.0.0-test',
        dashboard,
      },
      { log: createLogger({ name: 'test', level: 'silent' }) },
    );
    await app.ready();
    return new TestApp(
      app,
      connectRedis(redisUrl, () => {}),
      new Keys(prefix),
    );
  }

  private constructor(app: FastifyInstance, redis: Redis, keys: Keys) {
    this.app = app;
    this.redis = redis;
    this.keys = keys;
  }

  /** Status and parsed body of one request. `body`: an object as JSON, text as text/plain. */
  async call<T = Answer>(
    method: InjectOptions['method'],
    url: string,
    body?: object | string,
    headers: Record<string, string> = {},
  ) {
    const type = typeof body === 'string' ? { 'content-type': 'text/plain' } : {};
    const reply = await this.app.inject({
      method: method!,
      url,
      headers: { ...type, ...headers },
      ...(body !== undefined && { payload: body }),
    });
    const isJson = String(reply.headers['content-type']).includes('json');
    return {
      status: reply.statusCode,
      headers: reply.headers,
      body: (isJson ? reply.json() : reply.body) as T,
      text: reply.body,
    };
  }

  /** What the API says about one push. */
  async push(id: string): Promise<Answer> {
    return (await this.call('GET', `/api/v1/pushes/${id}`)).body;
  }

  /** A worker whose beat lasts for the whole test. */
  async putWorker(record: Partial<WorkerRecord> = {}): Promise<WorkerRecord> {
    const worker = workerRecord(record);
    const [seconds] = await this.redis.time();
    await this.redis.zadd(this.keys.beats, (Number(seconds) + 3600) * 1000, worker.id);
    await this.redis.hset(this.keys.workers, worker.id, JSON.stringify(worker));
    return worker;
  }

  async putReport(report: Partial<PushReport> & { push: string }): Promise<void> {
    const [seconds] = await this.redis.time();
    const stored = storedReport(pushReport(report), Number(seconds) * 1_000 + REPORT_TTL_MS);
    await this.redis.hset(this.keys.reports, report.push, stored);
  }

  /** Ends the scheduler and deletes what it has left in Redis. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
    for await (const keys of this.redis.scanStream({ match: `${this.keys.tag}*`, count: 1000 })) {
      if ((keys as string[]).length > 0) await this.redis.del(keys as string[]);
    }
    this.redis.disconnect();
  }
}
