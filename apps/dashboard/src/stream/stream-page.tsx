import { Placeholder } from '../pages/placeholder.tsx';

export function StreamPage() {
  return <Placeholder title="Stream" />;
}
