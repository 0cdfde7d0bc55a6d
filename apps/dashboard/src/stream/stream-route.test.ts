import { expect, it } from 'vitest';
import { streamPath } from '../shell/routes.ts';
import { parseStreamPath } from './stream-route.ts';

it.each([
  [streamPath('news'), { name: 'news', tab: 'overview' }],
  [streamPath('arena/main', 'output'), { name: 'arena/main', tab: 'output' }],
  ['/streams/news/', { name: 'news', tab: 'overview' }],
  ['/streams/news/config', { name: 'news', tab: 'config' }],
  ['/streams/news/other', undefined],
  ['/streams/', undefined],
  ['/streams/%E0%A4%A', undefined],
])('the address %s means %j', (path, meant) => expect(parseStreamPath(path)).toEqual(meant));
