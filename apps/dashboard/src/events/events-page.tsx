import { Placeholder } from '../pages/placeholder.tsx';

export function EventsPage() {
  return <Placeholder title="Events" />;
}
