import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { queryClient, whoamiQuery } from '../api/queries.ts';
import { useConnection } from '../live/use-live.ts';

/** `unknown`: not yet asked. `login`: a token must be shown first. `refused`: this address is not served at all. */
export type Access = 'unknown' | 'open' | 'login' | 'refused';

/** A timer cannot wait for longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What this browser may do now, and whether it was logged in before: a session may end in the middle of anything. */
export function useAccess(): { readonly access: Access; readonly hasExpired: boolean } {
  const { data: who, isError, refetch } = useQuery(whoamiQuery);
  const wasLoggedIn = useRef(false);
  const connection = useConnection();
  const expiresAt = who?.session_expires_at ?? null;

  useEffect(() => {
    if (connection.state === 'refused') void refetch();
  }, [connection, refetch]);

  useEffect(() => {
    if (expiresAt === null) return;
    // Used sessions are prolonged: then the answer is a later time.
    const delayMs = Math.max(1_000, Date.parse(expiresAt) - Date.now() + 1_000);
    const timer = setTimeout(() => void refetch(), Math.min(delayMs, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  }, [expiresAt, refetch]);

  useEffect(() => {
    if (who?.login_required && who.logged_in) wasLoggedIn.current = true;
  }, [who]);

  if (who === undefined) return { access: isError ? 'open' : 'unknown', hasExpired: false };
  if (who.logged_in) return { access: 'open', hasExpired: false };
  return { access: who.login_required ? 'login' : 'refused', hasExpired: wasLoggedIn.current };
}

/** After a login: everything that was refused is asked for again. */
export const takeAccess = (): Promise<void> => queryClient.invalidateQueries();
