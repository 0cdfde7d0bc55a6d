/**
 * JSON Merge Patch, RFC 7396 §2: a member with null is removed, an object is merged, anything else replaces. Neither argument is
 * changed. The patch has passed its schema, so the result is of the target's type.
 */
export function applyMergePatch<T extends object>(target: T, patch: object): T {
  return merge(target, patch) as T;
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  // fromEntries defines members instead of assigning them, so that "__proto__" stays an ordinary name
  const members = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) members.delete(name);
    else members.set(name, merge(members.get(name), value));
  }
  return Object.fromEntries(members);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
