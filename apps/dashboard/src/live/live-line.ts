import { queryClient, whoamiQuery } from '../api/queries.ts';
import { LiveConnection } from './live-connection.ts';
import { liveStore } from './use-live.ts';

/** The page's line to the scheduler. */
export const liveConnection = new LiveConnection({
  store: liveStore,
  async isLoginNeeded() {
    try {
      const who = await queryClient.fetchQuery({ ...whoamiQuery, staleTime: 0, retry: false });
      return who.login_required && !who.logged_in;
    } catch {
      return false; // the scheduler is away: another question
    }
  },
});
