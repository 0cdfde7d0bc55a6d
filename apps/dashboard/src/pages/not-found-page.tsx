import { Link } from 'wouter';
import { EmptyState } from '../shell/empty-state.tsx';

export function NotFoundPage() {
  return (
    <EmptyState title="There is no such page" icon="search">
      Go back to the <Link href="/">streams</Link>.
    </EmptyState>
  );
}
