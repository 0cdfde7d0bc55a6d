import { type ComponentType, lazy, Suspense, useRef } from 'react';

type Load<Props> = () => Promise<ComponentType<Props>>;

const loads: (() => Promise<unknown>)[] = [];

/** A part of the page whose code is loaded when it is first shown. */
export function loadedWhenShown<Props extends object>(load: Load<Props>): ComponentType<Props> {
  loads.push(load);
  const Part = lazy(async () => ({ default: await load() }));
  return (props) => (
    <Suspense fallback={null}>
      <Part {...props} />
    </Suspense>
  );
}

/** A window whose code is loaded when it is first opened. Then it stays, so that it closes as it has opened. */
export function loadedWhenOpened<Props extends { readonly isOpen: boolean }>(load: Load<Props>): ComponentType<Props> {
  const Part = loadedWhenShown(load);
  return (props) => {
    const wasOpened = useRef(false);
    wasOpened.current ||= props.isOpen;
    return wasOpened.current ? <Part {...props} /> : null;
  };
}

/** Loads what is still missing of all these: a click is answered at once, and a scheduler that was updated meanwhile is not asked for old files. */
export async function loadRest(): Promise<void> {
  await Promise.allSettled(loads.map((load) => load()));
}
