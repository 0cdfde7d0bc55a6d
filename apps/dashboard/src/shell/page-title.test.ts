import { expect, it } from 'vitest';
import { pageTitle } from './page-title.ts';

it.each([
  ['/', 0, 'Streams · Pushfleet'],
  ['/workers', 0, 'Workers · Pushfleet'],
  ['/errors', 3, '(3 failed) Errors · Pushfleet'],
  ['/streams/news%2Fone/output', 0, 'news/one · Pushfleet'],
  ['/streams/100%/output', 0, '100% · Pushfleet'],
  ['/nowhere', 0, 'Not found · Pushfleet'],
])('the title of %s with %d failed pushes is %s', (path, failed, title) => expect(pageTitle(path, failed)).toBe(title));
