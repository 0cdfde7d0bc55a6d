import { choiceField, patternField, pushSpecSchema, strictObject } from '@pushfleet/config';
import type { z } from 'zod';

const version = choiceField('v', [1]);
const PUSH_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** What another service puts into the `requests` queue: a push to add ... */
export const addRequestSchema = pushSpecSchema.safeExtend({
  v: version,
  stream: patternField('stream', /./, 'the name of a stream'),
  /** Chosen by the sender, so that sending twice adds once; made by the scheduler when absent. */
  id: patternField('id', PUSH_ID, '1 to 64 letters, digits, "-" or "_" that begin with a letter or digit').optional(),
});

/** ... or a command for one that exists. */
export const commandRequestSchema = strictObject('a command', {
  v: version,
  action: choiceField('action', ['pause', 'resume', 'restart', 'remove']),
  push: patternField('push', /./, 'the id of a push'),
});

export type AddRequest = z.infer<typeof addRequestSchema>;
export type CommandRequest = z.infer<typeof commandRequestSchema>;

/** Return value of a request's job. */
export interface RequestResult {
  readonly push: string;
  readonly status: string;
}
