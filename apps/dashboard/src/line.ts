import { whenLoginIsNeeded } from './api/client.ts';
import { openLiveLine } from './live/live-line.ts';
import { access } from './login/access.ts';

// A script of its own, before the one that draws: the fleet is on its way while that code is. It has nothing to do with React.
whenLoginIsNeeded(() => void access.ask());
openLiveLine();
void access.ask();
