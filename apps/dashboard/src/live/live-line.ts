import { access } from '../login/access.ts';
import { LiveConnection } from './live-connection.ts';
import { liveStore } from './live-store.ts';

/** The page's line to the scheduler. */
const liveConnection = new LiveConnection({
  store: liveStore,
  isLoginNeeded: async () => (await access.ask()).state === 'login',
});

/** Opens the line as soon as this browser may read, and closes it when it may no more. Called once. */
export function openLiveLine(): void {
  let isOpen = false;
  access.subscribe(() => {
    const mayRead = access.current.state === 'open';
    if (mayRead === isOpen) return;
    isOpen = mayRead;
    if (mayRead) liveConnection.open();
    else liveConnection.close();
  });
}
