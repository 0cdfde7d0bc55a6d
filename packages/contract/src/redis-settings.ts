import type { Redis } from 'ioredis';
import { everyNode } from './redis.ts';

/** What matters of the settings of a Redis; undefined where it does not tell. */
export interface RedisSettings {
  readonly evictionPolicy: string | undefined;
  readonly persists: boolean | undefined;
}

export interface RedisWarning {
  /** Level of the log. No persistence may be meant so: nothing is lost as long as one scheduler lives. */
  readonly level: 'warn' | 'info';
  /** A sentence about what an operator should change. */
  readonly text: string;
}

/**
 * What an operator should change. Nothing where Redis does not tell its settings, as managed services may do. Rejects when it does not
 * answer.
 */
export async function redisWarnings(redis: Redis): Promise<RedisWarning[]> {
  const settings = await Promise.all(everyNode(redis).map(readSettings));
  const warnings = settings.flatMap(settingWarnings);
  return [...new Map(warnings.map((warning) => [warning.text, warning])).values()];
}

export function settingWarnings({ evictionPolicy, persists }: RedisSettings): RedisWarning[] {
  const warnings: RedisWarning[] = [];
  if (evictionPolicy !== undefined && evictionPolicy !== 'noeviction') {
    warnings.push({
      level: 'warn',
      text: `maxmemory-policy is ${evictionPolicy}: Redis may throw pushes away when memory runs short. Set it to noeviction.`,
    });
  }
  if (persists === false) {
    warnings.push({
      level: 'info',
      text: 'Redis keeps nothing on disk: pushes made by the API are lost when it and all schedulers stop. Set appendonly yes.',
    });
  }
  return warnings;
}

/** CONFIG GET is exact, but often forbidden; INFO is allowed more widely, and tells of saves only those that were made. */
async function readSettings(node: Redis): Promise<RedisSettings> {
  const [policy, appendOnly, save] = await Promise.all(
    ['maxmemory-policy', 'appendonly', 'save'].map((name) => orRefusal(node.config('GET', name))),
  );
  if (policy !== undefined && appendOnly !== undefined && save !== undefined) {
    return { evictionPolicy: settingOf(policy), persists: settingOf(appendOnly) === 'yes' || settingOf(save) !== '' };
  }
  const text = await orRefusal(node.info());
  if (text === undefined) return { evictionPolicy: undefined, persists: undefined };
  const info = parseInfo(text);
  // Servers before 7.0 do not count their saves; they get the benefit of the doubt.
  const isSaved = info.get('aof_enabled') === '1' || info.get('rdb_saves') !== '0';
  return { evictionPolicy: info.get('maxmemory_policy'), persists: isSaved };
}

/** Undefined when Redis answers that this may not be asked. */
async function orRefusal<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && /^(NOPERM|ERR)\b/.test(error.message)) return undefined;
    throw error;
  }
}

/** Of a pair of name and value, in either shape that Redis answers with. */
function settingOf(pair: unknown): string | undefined {
  const value = Array.isArray(pair) ? pair[1] : Object.values(pair as object)[0];
  return typeof value === 'string' ? value : undefined;
}

function parseInfo(text: string): Map<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}
