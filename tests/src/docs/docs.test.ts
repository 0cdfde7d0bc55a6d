import { expect, it } from 'vitest';
import { renderErrorPage } from './error-page.ts';

// After a change to a table: npx vitest run tests/src/docs -u
it('docs/errors.md lists exactly the errors that the code knows', async () => {
  await expect(renderErrorPage()).toMatchFileSnapshot('../../../docs/errors.md');
});
