import { Placeholder } from '../pages/placeholder.tsx';

export function ErrorsPage() {
  return <Placeholder title="Errors" />;
}
