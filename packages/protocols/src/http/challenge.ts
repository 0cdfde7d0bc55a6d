// What a server wants to know before it lets somebody in: the WWW-Authenticate field. RFC 9110 §11.6.1.

export interface Challenge {
  /** In lower case: `basic`, `digest`. */
  readonly scheme: string;
  /** Values without quotes and escapes, by lower-case name. */
  readonly parameters: ReadonlyMap<string, string>;
}

const SEPARATORS = /[\s,]*/y;
const SCHEME = /[!#$%&'*+.^_`|~\w-]+/y;
const PARAMETER = /[ \t]*([!#$%&'*+.^_`|~\w-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))[ \t]*(?=,|$)/y;
const COMMA = /[ \t]*,/y;
/** Instead of parameters, as in `Negotiate abc==`. */
const TOKEN68 = /[ \t]+[\w.~+/-]+=*[ \t]*(?=,|$)/y;

/**
 * All challenges of the values of a WWW-Authenticate field, one of which may hold several. What cannot be understood ends its value: a server
 * that writes nonsense is no better than one that writes nothing.
 */
export function parseChallenges(values: readonly string[]): Challenge[] {
  return values.flatMap((value) => [...challengesIn(value)]);
}

function* challengesIn(value: string): Generator<Challenge> {
  let offset = match(SEPARATORS, value, 0)?.end ?? 0;
  while (offset < value.length) {
    const scheme = match(SCHEME, value, offset);
    if (scheme === undefined) return;
    const { parameters, end } = readParameters(value, scheme.end);
    yield { scheme: scheme.groups[0]!.toLowerCase(), parameters };
    const next = match(SEPARATORS, value, end)!.end;
    if (next === scheme.end) return;
    offset = next;
  }
}

function readParameters(value: string, start: number): { parameters: Map<string, string>; end: number } {
  const parameters = new Map<string, string>();
  let end = match(TOKEN68, value, start)?.end ?? start;
  for (let offset = end; ; ) {
    const parameter = match(PARAMETER, value, offset);
    if (parameter === undefined) return { parameters, end };
    const [, name = '', quoted, token = ''] = parameter.groups;
    parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? token);
    end = parameter.end;
    const comma = match(COMMA, value, end);
    if (comma === undefined) return { parameters, end };
    offset = comma.end;
  }
}

function match(pattern: RegExp, text: string, offset: number): { groups: RegExpExecArray; end: number } | undefined {
  pattern.lastIndex = offset;
  const groups = pattern.exec(text);
  return groups === null ? undefined : { groups, end: pattern.lastIndex };
}
