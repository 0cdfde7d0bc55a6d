import { PublishError, type PublishErrorCode, publishErrorMessage, publishErrors } from '@pushfleet/protocols';

/**
 * The message of an error as people may see it. `redact` must know the secrets of the push: peers like to echo what they were sent. Our
 * own sentence stays as it is: a word that is missing from it would tell the secret.
 */
export function redactedMessage({ code, detail }: PublishError, redact: (text: string) => string): string {
  return publishErrorMessage(code, redact(detail));
}

/** The text of a failed job: code first, so that Bull Board shows it and a reader can take it apart. `redact` as above. */
export function formatFailure(error: PublishError, redact: (text: string) => string): string {
  return `${error.code}: ${redactedMessage(error, redact)}`;
}

/** The inverse of `formatFailure`; text that it did not write counts as `internal`. */
export function parseFailure(text: string): { code: PublishErrorCode; message: string } {
  const colon = text.indexOf(': ');
  const code = text.slice(0, colon);
  if (colon > 0 && Object.hasOwn(publishErrors, code)) {
    return { code: code as PublishErrorCode, message: text.slice(colon + 2) };
  }
  return { code: 'internal', message: text };
}

/** Everything that a push attempt can throw, as a PublishError. */
export function toPublishError(error: unknown): PublishError {
  if (error instanceof PublishError) return error;
  return new PublishError('internal', error instanceof Error ? error.message : String(error), { cause: error });
}
