import { Placeholder } from '../pages/placeholder.tsx';

export function StreamsPage() {
  return <Placeholder title="Streams" />;
}
