import type { IconName } from '../icons.tsx';

interface Section {
  readonly path: string;
  readonly label: string;
  readonly icon: IconName;
}

/** The pages in the order of the navigation. */
export const sections: readonly Section[] = [
  { path: '/', label: 'Streams', icon: 'streams' },
  { path: '/pushes', label: 'Pushes', icon: 'pushes' },
  { path: '/workers', label: 'Workers', icon: 'workers' },
  { path: '/errors', label: 'Errors', icon: 'errors' },
  { path: '/events', label: 'Events', icon: 'events' },
  { path: '/config', label: 'Config', icon: 'config' },
];

export const streamPath = (name: string, tab?: 'overview' | 'output' | 'config'): string =>
  `/streams/${encodeURIComponent(name)}${tab === undefined ? '' : `/${tab}`}`;

/** Does `path` belong to this section? Pages of single streams belong to the streams. */
export const isInSection = (section: string, path: string): boolean =>
  section === '/' ? path === '/' || path.startsWith('/streams/') : path === section || path.startsWith(`${section}/`);
