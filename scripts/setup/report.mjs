// What the set-up says to people.

/** The set-up cannot go on; the message is one sentence that says what a person has to do. */
export class SetupError extends Error {
  name = 'SetupError';
}

export function say(text) {
  process.stderr.write(`[setup] ${text}\n`);
}

/** Runs a step that may take long and says how long it took. */
export async function timed(text, step) {
  say(`${text} ...`);
  const start = Date.now();
  const result = await step();
  say(`${text}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
  return result;
}
