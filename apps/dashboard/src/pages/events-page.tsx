import { Placeholder } from './placeholder.tsx';

export function EventsPage() {
  return <Placeholder title="Events" />;
}
