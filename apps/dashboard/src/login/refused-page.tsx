import { EmptyState } from '../shell/empty-state.tsx';

/** Without a token the scheduler serves its own host only, under the names of that host. */
export function RefusedPage() {
  return (
    <main>
      <EmptyState title="This address is not served without a token" icon="lock">
        <p>
          The scheduler has no token, so it answers on <code>localhost</code> only. Open it there, or set{' '}
          <code>PUSHFLEET_TOKEN</code> and start it again: then it asks for a login here.
        </p>
      </EmptyState>
    </main>
  );
}
