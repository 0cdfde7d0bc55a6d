import { pushSpecSchema } from '@pushfleet/config';
import { z } from 'zod';

/** What another service puts into the `requests` queue: a push to add ... */
export const addRequestSchema = pushSpecSchema.safeExtend({
  v: z.literal(1),
  stream: z.string().min(1),
  /** Chosen by the sender, so that sending twice adds once; made by the scheduler when absent. */
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'id takes letters, digits, - and _, at most 64 of them')
    .optional(),
});

/** ... or a command for one that exists. */
export const commandRequestSchema = z.strictObject({
  v: z.literal(1),
  action: z.enum(['pause', 'resume', 'restart', 'remove']),
  push: z.string().min(1),
});

export type AddRequest = z.infer<typeof addRequestSchema>;
export type CommandRequest = z.infer<typeof commandRequestSchema>;

/** Return value of a request's job. */
export interface RequestResult {
  readonly push: string;
  readonly status: string;
}
