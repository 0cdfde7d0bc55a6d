import type { IconName } from '../icons.tsx';

interface Section {
  readonly path: string;
  readonly label: string;
  readonly icon: IconName;
  /** `g` and this key lead there. */
  readonly key: string;
}

/** The pages in the order of the navigation. */
export const sections: readonly Section[] = [
  { path: '/', label: 'Streams', icon: 'streams', key: 's' },
  { path: '/pushes', label: 'Pushes', icon: 'pushes', key: 'p' },
  { path: '/workers', label: 'Workers', icon: 'workers', key: 'w' },
  { path: '/errors', label: 'Errors', icon: 'errors', key: 'e' },
  { path: '/events', label: 'Events', icon: 'events', key: 'v' },
  { path: '/config', label: 'Config', icon: 'config', key: 'c' },
];

export const streamPath = (name: string, tab?: 'overview' | 'output' | 'config'): string =>
  `/streams/${encodeURIComponent(name)}${tab === undefined ? '' : `/${tab}`}`;

/** Does `path` belong to this section? Pages of single streams belong to the streams. */
export const isInSection = (section: string, path: string): boolean =>
  section === '/' ? path === '/' || path.startsWith('/streams/') : path === section || path.startsWith(`${section}/`);
