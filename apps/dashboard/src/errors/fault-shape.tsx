import { Icon, type IconName } from '../icons.tsx';
import type { Fault } from './fault.ts';

const icons: Readonly<Record<Fault, IconName>> = {
  target: 'pushes',
  source: 'film',
  operator: 'config',
  internal: 'errors',
  unknown: 'help',
};

/** Decoration beside the word of a fault. */
export const FaultShape = ({ fault }: { readonly fault: Fault }) => <Icon name={icons[fault]} size={15} />;
