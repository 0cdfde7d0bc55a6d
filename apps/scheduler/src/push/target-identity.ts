import { redactUrl } from '@pushfleet/config';

/** What stays of a URL when its secrets change. Masked keys still show their last characters: those go too. */
export function targetIdentity(url: string): string {
  return redactUrl(url).replace(/\*\*\*[^/?#&@]*/g, '***');
}
