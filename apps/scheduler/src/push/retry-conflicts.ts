import { ApiError } from '@pushfleet/contract';

const ROUNDS = 5;

/** Makes a change from the newest state until nobody else is faster. `attempt` answers undefined when somebody was. */
export async function retryConflicts<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let round = 0; round < ROUNDS; round++) {
    const result = await attempt();
    if (result !== undefined) return result;
  }
  throw new ApiError('not_ready', 'Others keep changing the same object at this moment.');
}
