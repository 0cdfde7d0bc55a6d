/** The tabs of a stream's page. */
export const streamTabs = ['overview', 'output', 'config'] as const;
export type StreamTab = (typeof streamTabs)[number];

/** What `/streams/NAME/TAB` names. The name is percent-encoded, its slashes too; without a tab it is the first. */
export function parseStreamPath(path: string): { readonly name: string; readonly tab: StreamTab } | undefined {
  const [, encoded, tab = 'overview'] = /^\/streams\/([^/]+)(?:\/([^/]*))?\/?$/.exec(path) ?? [];
  if (encoded === undefined) return undefined;
  const known = streamTabs.find((one) => one === (tab === '' ? 'overview' : tab));
  if (known === undefined) return undefined;
  try {
    return { name: decodeURIComponent(encoded), tab: known };
  } catch {
    return undefined; // no such encoding
  }
}
