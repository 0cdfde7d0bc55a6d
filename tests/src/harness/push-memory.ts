import type { PushMemory } from '@pushfleet/protocols';

/** The memory of one push, shared by whoever holds it in turn. */
export function createPushMemory(id = 'push'): PushMemory {
  let newest = 0;
  let saved: { epoch: number; state: string } | undefined;
  return {
    id,
    nextEpoch: async () => ++newest,
    load: async () => saved?.state,
    save: async (epoch, state) => {
      if (epoch < newest) return false;
      saved = { epoch, state };
      return true;
    },
  };
}
