import { Placeholder } from '../pages/placeholder.tsx';

export function ConfigPage() {
  return <Placeholder title="Config" />;
}
