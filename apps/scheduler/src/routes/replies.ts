import { problemSchema } from '@pushfleet/contract';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { RedisContact } from '../redis/redis-contact.ts';

/** The answers that every route of the API may give instead of its own. */
export const problems = { '4xx': problemSchema, '5xx': problemSchema } as const;

/** What a list says beside its items when Redis does not answer. */
export const staleness = {
  stale: z.boolean().optional().describe('Redis does not answer: this is what was known last'),
  as_of: z.string().nullable().optional().describe('when Redis answered last'),
};

/**
 * Says in the head of an answer that Redis does not answer and that the body is what was known last; gives what a list says of it. Empty when the
 * answer is fresh.
 */
export function markStale(
  reply: FastifyReply,
  stale: boolean,
  { asOf }: RedisContact,
): { stale?: true; as_of?: string | null } {
  if (!stale) return {};
  reply.header('pushfleet-stale', 'true');
  if (asOf !== null) reply.header('pushfleet-as-of', asOf);
  return { stale, as_of: asOf };
}

/** `5s`, `500ms` or a number of seconds; at most a minute. In milliseconds. */
export const waitSchema = z
  .string()
  .regex(/^\d{1,6}(\.\d{1,3})?(s|ms)?$/, 'wait must be a time such as 5s or 500ms')
  .transform((text) => Math.min(Number.parseFloat(text) * (text.endsWith('ms') ? 1 : 1000), 60_000))
  .optional()
  .describe('Wait for the effect, for example 5s; at most a minute.');

/** `?limit=`: text, because an empty one must not become zero. */
export const limitSchema = (fallback: number, max: number) =>
  z
    .string()
    .regex(/^[1-9]\d{0,4}$/, `limit must be a whole number from 1 to ${max}`)
    .transform((text) => Math.min(Number(text), max))
    .default(fallback);
