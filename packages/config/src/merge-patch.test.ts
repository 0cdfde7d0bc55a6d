import { describe, expect, it } from 'vitest';
import { applyMergePatch } from './merge-patch.ts';

describe('applyMergePatch', () => {
  // RFC 7396 appendix A, the cases whose target and patch are objects
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j', (target, patch, expected) => {
    const before = structuredClone([target, patch]);
    expect(applyMergePatch<object>(target, patch)).toEqual(expected);
    expect([target, patch]).toEqual(before);
  });

  it('leaves alone what the patch holds as undefined', () => {
    expect(applyMergePatch<object>({ a: 1 }, { a: undefined })).toEqual({ a: 1 });
  });

  it('treats __proto__ as an ordinary name', () => {
    const result = applyMergePatch<object>({}, JSON.parse('{"__proto__":{"disabled":true}}'));
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(JSON.stringify(result)).toBe('{"__proto__":{"disabled":true}}');
  });
});
