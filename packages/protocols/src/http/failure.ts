import { PublishError, type PublishErrorCode } from '../publisher/errors.ts';

const CODES: Readonly<Record<number, PublishErrorCode>> = {
  401: 'http_401',
  403: 'http_403',
  404: 'http_404',
  409: 'http_409',
  411: 'http_411',
};

/** The error that a status stands for which is no success. `detail` says what the server wrote: `403 Forbidden`. */
export function httpFailure(status: number, detail: string): PublishError {
  return new PublishError(CODES[status] ?? classOf(status), detail);
}

function classOf(status: number): PublishErrorCode {
  if (status >= 500) return 'http_5xx';
  return status >= 400 ? 'http_4xx' : 'protocol_violation';
}
