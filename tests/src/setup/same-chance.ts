import fc from 'fast-check';

/** Property tests try the same inputs in each run, so that none fails by chance; PUSHFLEET_SEED tries others. */
fc.configureGlobal({ seed: Number(process.env.PUSHFLEET_SEED ?? 20261130) });
