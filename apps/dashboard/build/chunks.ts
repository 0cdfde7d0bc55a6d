import type { Rolldown } from 'vite';

/** What `src/line.ts` is made of. */
const LINE =
  /\/src\/(line|live\/live-\w+|live\/topics|live\/metric-history|login\/access|api\/client|api\/problem)\.ts$|\/contract\/src\//;
/** Editor and player: big, and each needed in one place alone. */
const BY_THEMSELVES =
  /\/(@codemirror|@lezer|@marijn|style-mod|w3c-keyname|crelt|mpegts\.js)\/|\/src\/(config\/(editor|config-text)|preview\/preview-player)/;

/**
 * The page comes in three steps: `line` asks for the fleet, `index` draws the list of streams, `rest` is everything else, fetched when there is
 * nothing more urgent. Left to itself the bundler makes forty files of what several pages have in common.
 */
export const groups: Rolldown.CodeSplittingGroup[] = [
  { name: 'line', test: LINE, priority: 2 },
  { name: 'index', tags: ['$initial'], priority: 1 },
  { name: 'rest', test: (id) => !BY_THEMSELVES.test(id) },
];
