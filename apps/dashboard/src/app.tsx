import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Route, Switch } from 'wouter';
import { whoamiQuery } from './api/queries.ts';
import { ConfigPage } from './config/config-page.tsx';
import { ErrorsPage } from './errors/errors-page.tsx';
import { EventsPage } from './events/events-page.tsx';
import { liveConnection } from './live/live-line.ts';
import { useConnection } from './live/use-live.ts';
import { LoginPage } from './pages/login-page.tsx';
import { NotFoundPage } from './pages/not-found-page.tsx';
import { PushesPage } from './pushes/pushes-page.tsx';
import { Shell } from './shell/shell.tsx';
import { StreamPage } from './stream/stream-page.tsx';
import { StreamsPage } from './streams/streams-page.tsx';
import { WorkersPage } from './workers/workers-page.tsx';

export function App() {
  const { data: who, refetch } = useQuery(whoamiQuery);
  const connection = useConnection();
  const isLoginNeeded = who?.login_required === true && !who.logged_in;
  useEffect(() => {
    if (isLoginNeeded) return;
    liveConnection.open();
    return () => liveConnection.close();
  }, [isLoginNeeded]);
  useEffect(() => {
    if (connection.state === 'refused') void refetch();
  }, [connection, refetch]);
  if (isLoginNeeded) return <LoginPage onLogin={() => void refetch()} />;
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
