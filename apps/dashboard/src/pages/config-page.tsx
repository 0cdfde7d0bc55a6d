import { Placeholder } from './placeholder.tsx';

export function ConfigPage() {
  return <Placeholder title="Config" />;
}
