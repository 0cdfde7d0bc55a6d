import type { Actor } from '../push/push-service.ts';

/** There is one token so far, hence one actor. */
export const apiActor: Actor = { origin: 'api', by: 'api' };
