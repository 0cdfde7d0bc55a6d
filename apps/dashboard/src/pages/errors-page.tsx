import { Placeholder } from './placeholder.tsx';

export function ErrorsPage() {
  return <Placeholder title="Errors" />;
}
