import { Portal } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { usePush } from '../live/use-live.ts';
import { statusReason } from './push-status-text.ts';
import styles from './status.module.css';
import { StatusLabel } from './status-label.tsx';

// One card for all indicators of the page: hundreds of them are on the screen, and each with a card of its own would cost more than all else.

interface Tip {
  readonly push: string;
  readonly anchor: DOMRect;
}

const DELAY_MS = 120;
const WIDTH = 380;
let tip: Tip | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function set(next: Tip | undefined): void {
  tip = next;
  for (const listener of listeners) listener();
}

/** Shows the card of a push beside `element`, at once when a card is open already. */
export function showTip(push: string, element: Element): void {
  clearTimeout(timer);
  const show = () => set({ push, anchor: element.getBoundingClientRect() });
  if (tip === undefined) timer = setTimeout(show, DELAY_MS);
  else show();
}

export function hideTip(): void {
  clearTimeout(timer);
  if (tip !== undefined) timer = setTimeout(() => set(undefined), 40);
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** The card; stands once in the page. */
export function PushTip() {
  const shown = useSyncExternalStore(subscribe, () => tip);
  return shown === undefined ? null : <TipCard {...shown} />;
}

function TipCard({ push: id, anchor }: Tip) {
  const push = usePush(id);
  if (push === undefined) return null;
  const reason = statusReason(push);
  const isLow = anchor.bottom > window.innerHeight - 140;
  return (
    <Portal>
      <div
        role="tooltip"
        className={styles.tip}
        style={{
          left: Math.max(8, Math.min(anchor.left, window.innerWidth - WIDTH - 8)),
          ...(isLow ? { bottom: window.innerHeight - anchor.top + 4 } : { top: anchor.bottom + 4 }),
        }}
      >
        <StatusLabel {...push} />
        <div className={styles.tipTarget}>{push.url}</div>
        {reason !== '' && <div className={styles.tipReason}>{reason}</div>}
      </div>
    </Portal>
  );
}
