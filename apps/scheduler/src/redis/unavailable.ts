import { ApiError } from '@pushfleet/contract';

/** Redis answers, but not with what was asked: it loads its data, is full, is a replica, or has lost its own replicas. */
const refusals = /^(LOADING|OOM|READONLY|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|BUSY|MISCONF|TRYAGAIN|UNBLOCKED)\b/;
/** What ioredis itself says when there is no connection, or no answer in time. */
const disconnections =
  /^(Connection is closed|Stream isn't writeable|Command timed out|Reached the max retries|Socket (closed|timeout)|connect |read |write |All sentinels are|Cluster is|Too many Cluster redirections|None of startup nodes|Failed to refresh slots)/;
const systemCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT']);

/** Is this error Redis being away, rather than a fault of ours? */
export function isRedisUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof ApiError) return error.code === 'redis_unavailable';
  const code = (error as NodeJS.ErrnoException).code;
  return refusals.test(error.message) || disconnections.test(error.message) || systemCodes.has(code ?? '');
}

/** Turns an absent Redis into the refusal that the API answers with; passes everything else on. */
export function throwUnavailable(error: unknown): never {
  if (isRedisUnavailable(error)) throw new ApiError('redis_unavailable');
  throw error;
}
