import { join } from 'node:path';

export const REPOSITORY = join(import.meta.dirname, '..', '..');
/** Results, clips and what is compiled: everything that a benchmark writes. */
export const RESULTS = join(REPOSITORY, '.pushfleet', 'bench');
