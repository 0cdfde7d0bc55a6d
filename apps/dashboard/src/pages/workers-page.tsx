import { Placeholder } from './placeholder.tsx';

export function WorkersPage() {
  return <Placeholder title="Workers" />;
}
