import { request } from '../api/client.ts';
import type { ConfigDiagnostic } from './diagnostic-text.ts';

/** What runs of the configuration, as config text. `reveal`: secrets in clear. */
export const fetchConfig = (reveal: boolean, signal?: AbortSignal): Promise<string> =>
  request('GET', `/config${reveal ? '?reveal=true' : ''}`, { accept: 'text/plain', ...(signal && { signal }) });

export interface Validation {
  readonly valid: boolean;
  readonly diagnostics: readonly ConfigDiagnostic[];
}
/** Says what is wrong with a text; nothing is changed. */
export const validateConfig = (text: string, signal: AbortSignal): Promise<Validation> =>
  request('POST', '/config/validate', { text, signal });

export interface AppliedConfig {
  readonly streams: number;
  readonly pushes: number;
}
/** Puts a text in the place of the whole configuration. */
export const applyConfig = (text: string): Promise<AppliedConfig> => request('PUT', '/config', { text });
