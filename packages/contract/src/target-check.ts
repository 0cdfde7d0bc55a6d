import { pushSpecSchema } from '@pushfleet/config';
import { z } from 'zod';

/** Body of `POST /api/v1/targets/check`. */
export const targetCheckRequestSchema = z
  .strictObject({ url: z.string().max(4_096).describe('as somebody types it, perhaps not whole yet') })
  .meta({ id: 'TargetCheckRequest' });

/** What a push URL says and what is wrong with it. Nothing is connected to. */
export const targetCheckSchema = z
  .object({
    usable: z.boolean().describe('a push with this URL would be accepted'),
    url: z.string().describe('redacted'),
    protocol: z.string().nullable(),
    host: z.string().nullable(),
    port: z.int().nullable().describe('the one that is dialled, the default of the scheme included'),
    tls: z.boolean(),
    findings: z.array(
      z.object({
        level: z.enum(['error', 'warning', 'info']),
        part: z.enum(['url', 'scheme', 'login', 'host', 'port', 'path', 'query']),
        message: z.string().describe('what is wrong, or what this part means'),
        remedy: z.string().describe('empty when there is nothing to do'),
      }),
    ),
  })
  .meta({ id: 'TargetCheck' });
export type TargetCheckView = z.infer<typeof targetCheckSchema>;

/** Body of `POST /api/v1/targets/test`: the push as it would be added. The stream may not be there yet. */
export const targetTestRequestSchema = pushSpecSchema
  .safeExtend({ stream: z.string().max(255).optional().describe('whose settings of segments count; none when absent') })
  .meta({ id: 'TargetTestRequest' });

/** The steps of a test, in this order; a protocol without TLS has no `tls`. */
export const targetTestSteps = ['dns', 'policy', 'tcp', 'tls', 'handshake', 'publish'] as const;

/** Answer of `POST /api/v1/pushes/{id}/test` and `POST /api/v1/targets/test`: a worker has tried the target, without disturbing the push. */
export const targetTestSchema = z
  .object({
    push: z.string().nullable().describe('null when it is not saved'),
    url: z.string().describe('redacted'),
    worker: z.string().describe('who tried it: what it reaches is what the push reaches'),
    at: z.string(),
    result: z.enum(['ok', 'failed']),
    steps: z.array(
      z.object({
        step: z.enum(targetTestSteps),
        result: z.enum(['ok', 'failed', 'skipped']),
        ms: z.number().nullable().describe('null when skipped'),
        detail: z.string().describe('addresses, certificate, what the target said, or why the step was skipped'),
        code: z.string().nullable().describe('error code of a failed step'),
        remedy: z.string().describe('empty unless the step failed'),
      }),
    ),
  })
  .meta({ id: 'TargetTest' });
export type TargetTest = z.infer<typeof targetTestSchema>;
