import type { WorkerView } from '@pushfleet/contract';

export type WorkerState = WorkerView['state'];

export const workerStateTexts: Readonly<Record<WorkerState, { readonly word: string; readonly meaning: string }>> = {
  ready: { word: 'Ready', meaning: 'Takes pushes and streams.' },
  draining: { word: 'Draining', meaning: 'Takes nothing new and hands over what it holds.' },
  drained: { word: 'Drained', meaning: 'Holds nothing: it can be stopped without anybody noticing.' },
  lost: { word: 'Lost', meaning: 'Its heartbeat has stopped; other workers have taken over its pushes.' },
};
