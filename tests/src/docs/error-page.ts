import { apiErrors } from '@pushfleet/contract';
import { publishErrors } from '@pushfleet/protocols';

/** docs/errors.md, made from the two tables in the code. */
export function renderErrorPage(): string {
  const publish = Object.entries(publishErrors).map(
    ([code, { fault, retry, title, remedy }]) =>
      `| \`${code}\` | ${fault} | ${retry === 'never' ? 'no' : 'yes'} | ${title} | ${remedy} |`,
  );
  const api = Object.entries(apiErrors).map(
    ([code, { status, title, remedy }]) => `| \`${code}\` | ${status} | ${title} | ${remedy} |`,
  );
  return `# Errors

Codes are stable: they are counted, shown and logged under these names and never reused. A test keeps this page equal to the
tables in the code (\`packages/protocols/src/publisher/errors.ts\`, \`packages/contract/src/api-errors.ts\`).

## Why an attempt to push failed

Seen as \`last_error.code\` and in \`errors\` of a push, as \`cause\` in its attempts and events, and at the head of the reason in Bull
Board. *Tried again* means after \`retry_timeout\`, until \`retry_limit\` is used up; the others rest in status \`error\` until a person
restarts or changes the push.

| code | fault | tried again | what happened | what to do |
|---|---|---|---|---|
${publish.join('\n')}

## Why the API or the intake queue refused something

\`application/problem+json\` (RFC 9457) with this \`code\`; \`detail\` and \`errors\` name the field, the value and the remedy.

| code | status | what happened | what to do |
|---|---|---|---|
${api.join('\n')}
`;
}
