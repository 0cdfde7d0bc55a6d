import { Route, Switch } from 'wouter';
import { RefusedPage } from './login/refused-page.tsx';
import { useAccess } from './login/use-access.ts';
import { NotFoundPage } from './shell/not-found-page.tsx';
import { loadedWhenShown } from './shell/on-demand.tsx';
import { Shell } from './shell/shell.tsx';
import { StreamsPage } from './streams/streams-page.tsx';

const LoginPage = loadedWhenShown(async () => (await import('./login/login-page.tsx')).LoginPage);
const StreamPage = loadedWhenShown(async () => (await import('./stream/stream-page.tsx')).StreamPage);
const PushesPage = loadedWhenShown(async () => (await import('./pushes/pushes-page.tsx')).PushesPage);
const WorkersPage = loadedWhenShown(async () => (await import('./workers/workers-page.tsx')).WorkersPage);
const ErrorsPage = loadedWhenShown(async () => (await import('./errors/errors-page.tsx')).ErrorsPage);
const EventsPage = loadedWhenShown(async () => (await import('./events/events-page.tsx')).EventsPage);
const ConfigPage = loadedWhenShown(async () => (await import('./config/config-page.tsx')).ConfigPage);

export function App() {
  const { state, hasExpired } = useAccess();
  if (state === 'unknown') return null;
  if (state === 'login') return <LoginPage hasExpired={hasExpired} />;
  if (state === 'refused') return <RefusedPage />;
  return (
    <Shell>
      <Switch>
        <Route path="/" component={StreamsPage} />
        <Route path="/streams/*" component={StreamPage} />
        <Route path="/pushes" component={PushesPage} />
        <Route path="/workers" component={WorkersPage} />
        <Route path="/errors" component={ErrorsPage} />
        <Route path="/events" component={EventsPage} />
        <Route path="/config" component={ConfigPage} />
        <Route component={NotFoundPage} />
      </Switch>
    </Shell>
  );
}
