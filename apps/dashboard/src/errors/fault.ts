import type { ErrorGroup } from '@pushfleet/contract';

export type Fault = NonNullable<ErrorGroup['fault']> | 'unknown';

/** Where a person looks first. */
export const faultTexts: Readonly<Record<Fault, { readonly word: string; readonly meaning: string }>> = {
  target: { word: 'Target', meaning: 'The server that is pushed to, or the way to it.' },
  source: { word: 'Source', meaning: 'The stream itself: what comes in does not fit.' },
  operator: { word: 'Configuration', meaning: 'A setting of the push or of the fleet: it does not heal by itself.' },
  internal: { word: 'Pushfleet', meaning: 'A fault of ours: please report it.' },
  unknown: { word: 'Unknown', meaning: 'This page does not know the code: it may be of a newer worker.' },
};
export const faultOf = ({ fault }: Pick<ErrorGroup, 'fault'>): Fault => fault ?? 'unknown';
