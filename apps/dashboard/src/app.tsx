import { useEffect } from 'react';
import { Route, Switch } from 'wouter';
import { ConfigPage } from './config/config-page.tsx';
import { ErrorsPage } from './errors/errors-page.tsx';
import { EventsPage } from './events/events-page.tsx';
import { liveConnection } from './live/live-line.ts';
import { LoginPage } from './login/login-page.tsx';
import { RefusedPage } from './login/refused-page.tsx';
import { useAccess } from './login/use-access.ts';
import { PushesPage } from './pushes/pushes-page.tsx';
import { NotFoundPage } from './shell/not-found-page.tsx';
import { Shell } from './shell/shell.tsx';
import { StreamPage } from './stream/stream-page.tsx';
import { StreamsPage } from './streams/streams-page.tsx';
import { WorkersPage } from './workers/workers-page.tsx';

export function App() {
  const { access, hasExpired } = useAccess();
  const isOpen = access === 'open';
  useEffect(() => {
    if (!isOpen) return;
    liveConnection.open();
    return () => liveConnection.close();
  }, [isOpen]);
  if (access === 'unknown') return null;
  if (access === 'login') return <LoginPage hasExpired={hasExpired} />;
  if (access === 'refused') return <RefusedPage />;
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
