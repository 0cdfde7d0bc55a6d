/** This host lacks what the benchmark needs; the message is one line that says what. */
export class CannotRun extends Error {
  override name = 'CannotRun';
}
