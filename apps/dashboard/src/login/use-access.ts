import { useSyncExternalStore } from 'react';
import { queryClient } from '../api/queries.ts';
import { type Access, access } from './access.ts';

export const useAccess = (): Access => useSyncExternalStore(access.subscribe, () => access.current);

/** After a login: everything that was refused is asked for again. */
export async function takeAccess(): Promise<void> {
  await Promise.all([access.ask(), queryClient.invalidateQueries()]);
}
