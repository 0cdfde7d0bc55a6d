import { z } from 'zod';

/** One kind of failure at one target host. */
export const errorGroupSchema = z
  .object({
    code: z.string().describe('see docs/errors.md'),
    host: z.string().describe('host and port of the target'),
    fault: z.enum(['source', 'target', 'operator', 'internal']).nullable().describe('null for an unknown code'),
    title: z.string(),
    remedy: z.string(),
    affected: z.int().describe('pushes that are in retry or error for this now'),
    pushes: z.array(z.string()).describe('their ids, 100 at most'),
    attempts: z.int().describe('failed attempts in the events that are kept'),
    first_seen: z.string(),
    last_seen: z.string(),
    last_message: z.string(),
  })
  .meta({ id: 'ErrorGroup' });
export type ErrorGroup = z.infer<typeof errorGroupSchema>;

/** `GET /api/v1/errors`: those that affect most pushes first. */
export const errorGroupsSchema = z.object({ errors: z.array(errorGroupSchema) }).meta({ id: 'ErrorGroups' });

/** `GET /api/v1/error-codes`: the table, for a remedy beside each `last_error`. */
export const errorCodesSchema = z
  .object({
    codes: z.array(
      z.object({
        code: z.string(),
        fault: z.enum(['source', 'target', 'operator', 'internal']),
        retry: z.enum(['backoff', 'never']),
        title: z.string(),
        remedy: z.string(),
      }),
    ),
  })
  .meta({ id: 'ErrorCodes' });
export type ErrorCodes = z.infer<typeof errorCodesSchema>;
