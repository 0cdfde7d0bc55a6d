import { join } from 'node:path';
import { startPrivateRedis } from '@pushfleet/cli/private-redis';
import type { TestProject } from 'vitest/node';
import { makeLogDirectory } from './log-directory.ts';

/** Runs before all test files: one Redis and one log folder for the whole run. Makes `vitest` alone, as in an IDE, enough. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  project.provide('logDirectory', await makeLogDirectory(join(project.config.root, '.pushfleet', 'test-logs')));
  const redis = await startRedis();
  project.provide('redisUrl', redis.url);
  return () => redis.stop();
}

interface AnyRedis {
  readonly url: string;
  stop(): Promise<void>;
}

async function startRedis(): Promise<AnyRedis> {
  const url = process.env.REDIS_URL;
  if (url !== undefined && url !== '') return { url, stop: async () => {} };
  return (await startContainer()) ?? (await startPrivateRedis());
}

/** Undefined where no container runtime works. */
async function startContainer(): Promise<AnyRedis | undefined> {
  const { GenericContainer, Wait } = await import('testcontainers');
  try {
    const container = await new GenericContainer('redis:8-alpine')
      .withExposedPorts(6379)
      .withWaitStrategy(Wait.forLogMessage('Ready to accept connections'))
      .start();
    const url = `redis://${container.getHost()}:${container.getMappedPort(6379)}`;
    return { url, stop: async () => void (await container.stop()) };
  } catch {
    return undefined;
  }
}
