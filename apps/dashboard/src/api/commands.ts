import type { PushPatch, PushSpec, StreamPatch } from '@pushfleet/config';
import type { PushView, TargetCheckView, TargetTest } from '@pushfleet/contract';
import { post, request } from './client.ts';

export type PushAction = 'pause' | 'resume' | 'restart' | 'remove';

const pushPath = (id: string): string => `/pushes/${encodeURIComponent(id)}`;

export function actOnPush(action: PushAction, id: string): Promise<unknown> {
  return action === 'remove' ? request('DELETE', pushPath(id)) : post(`${pushPath(id)}/${action}`);
}

export interface BulkResult {
  readonly results: readonly { readonly id: string; readonly ok: boolean; readonly detail?: string }[];
}
/** Each push succeeds or fails by itself: the result tells of every one. */
export const actOnPushes = (action: PushAction, ids: readonly string[]): Promise<BulkResult> =>
  post('/pushes/bulk', { action, selector: { ids } });

export const addPush = (stream: string, spec: PushSpec): Promise<PushView> => post('/pushes', { stream, ...spec });

/** Absent options stay as they are, null goes back to the default. */
export const changePush = (id: string, patch: PushPatch): Promise<PushView> =>
  request('PATCH', pushPath(id), { body: patch, contentType: 'application/merge-patch+json' });

export const addStream = (name: string, inputs: readonly string[]): Promise<unknown> =>
  request('PUT', `/streams/${encodeURIComponent(name)}`, { body: { inputs } });

/** Absent options stay as they are, null goes back to the default; an input as it is shown, masked, stays what it is. */
export const changeStream = (name: string, patch: StreamPatch): Promise<unknown> =>
  request('PATCH', `/streams/${encodeURIComponent(name)}`, {
    body: patch,
    contentType: 'application/merge-patch+json',
  });

export const removeStream = (name: string): Promise<unknown> =>
  request('DELETE', `/streams/${encodeURIComponent(name)}`);

/** Nothing is connected to: only the URL is looked at. */
export const checkTarget = (url: string, signal?: AbortSignal): Promise<TargetCheckView> =>
  request('POST', '/targets/check', { body: { url }, ...(signal && { signal }) });

/** A worker dials the target and publishes nothing; takes some seconds. */
export const testTarget = (id: string): Promise<TargetTest> => post(`${pushPath(id)}/test`);

/** The same for a push that is not there yet; `stream` may be '' while it has no name. */
export const testNewTarget = (stream: string, spec: PushSpec): Promise<TargetTest> =>
  post('/targets/test', { ...spec, ...(stream !== '' && { stream }) });

export const login = (token: string): Promise<unknown> => post('/session', { token });
export const logout = (): Promise<unknown> => request('DELETE', '/session');
