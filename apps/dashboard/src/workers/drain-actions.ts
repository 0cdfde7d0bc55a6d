import { post } from '../api/client.ts';
import { tellDone, tellFailure } from '../shell/toasts.tsx';

const workerPath = (name: string): string => `/workers/${encodeURIComponent(name)}`;

/** Lets a worker hold nothing from now on. Goes with its name. Never rejects: how it went is told in the page. */
export async function drainWorker(name: string): Promise<void> {
  try {
    await post(`${workerPath(name)}/drain`);
    tellDone(`Draining ${name}`, 'Its pushes go to the other workers.');
  } catch (error) {
    tellFailure(`Could not drain ${name}`, error);
  }
}

export async function undrainWorker(name: string): Promise<void> {
  try {
    await post(`${workerPath(name)}/undrain`);
    tellDone(`${name} takes pushes again`, 'New, retried and restarted ones come to it until it has its share.');
  } catch (error) {
    tellFailure(`Could not undrain ${name}`, error);
  }
}
