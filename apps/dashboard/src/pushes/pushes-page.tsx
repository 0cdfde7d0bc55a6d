import { Placeholder } from '../pages/placeholder.tsx';

export function PushesPage() {
  return <Placeholder title="Pushes" />;
}
