import type { DesiredPush, DesiredStream } from '@pushfleet/contract';

/** What people want of the whole fleet. Removed objects are in it until nothing is left of them. */
export interface DesiredState {
  readonly pushes: ReadonlyMap<string, DesiredPush>;
  readonly streams: ReadonlyMap<string, DesiredStream>;
}
