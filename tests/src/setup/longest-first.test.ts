import { expect, it } from 'vitest';
import { slowness } from './longest-first.ts';

it('begins with what is slow, whatever the size of the files', () => {
  const files = [
    'packages/protocols/src/rtmp/url.test.ts',
    'apps/cli/src/up.test.ts',
    'tests/src/harness/faults.test.ts',
    'tests/src/interop/hevc.test.ts',
    'tests/src/fleet/drain.test.ts',
  ];
  expect(files.toSorted((a, b) => slowness(a) - slowness(b))).toEqual([
    'apps/cli/src/up.test.ts',
    'tests/src/fleet/drain.test.ts',
    'tests/src/interop/hevc.test.ts',
    'packages/protocols/src/rtmp/url.test.ts',
    'tests/src/harness/faults.test.ts',
  ]);
});
