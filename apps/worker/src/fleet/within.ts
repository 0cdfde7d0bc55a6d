/** Waits for something that may hang or fail while Redis is away, at most so long. True when it has come about in time. */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), ms);
  const done = promise.then(
    () => true,
    () => false,
  );
  return Promise.race([done, late.promise]).finally(() => clearTimeout(timer));
}

/** The value of something that may hang while Redis is away, if it comes in time. Rejects when it is late, or as the promise does. */
export async function inTime<T>(ms: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('Redis does not answer')), ms);
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}
