import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const guarded = ['apps/worker/src', 'packages/protocols/src'];

/** Files that may open connections by themselves, each with the reason why that is no way around the address policy. */
const exceptions: Readonly<Record<string, string>> = {
  'apps/worker/src/net/dial.ts': 'the guarded dial itself: everything else gets its connections from here',
  'apps/worker/src/net/shared-reads.ts': 'wraps connections that were accepted, and opens none',
  'packages/protocols/src/hls/lane.ts': 'has a client of undici that gets every connection from the guarded dial',
  'apps/worker/src/fleet/peer-watch.ts':
    'looks whether a worker of the same fleet still listens, at the address from its heartbeat',
  'apps/worker/src/fleet/peer-votes.ts': 'asks the workers of the same fleet, at addresses from their own heartbeats',
};

const modules = /^(?:node:)?(?:net|tls|http|https|http2|dgram|undici|ws)$/;
const functions = 'connect|createConnection|request|get|stream|pipeline|fetch|createSocket';
const classes = '(?:Socket|TLSSocket|Agent|Pool|Client|WebSocket|EventSource)';

/** What in a TypeScript source opens connections: functions and classes of the network modules, and the globals. Types do not. */
function outgoingCalls(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const found = all(code, /(?<![.\w#])fetch\(/g, new RegExp(`\\bnew (?:\\w+\\.)?${classes}\\b`, 'g'));
  for (const [, clause = '', from = ''] of code.matchAll(/\bimport\s+(?!type\b)([^'"]+?)\s+from\s+['"]([^'"]+)['"]/g)) {
    if (!modules.test(from)) continue;
    const [, names = ''] = clause.match(/\{([^}]*)\}/) ?? [];
    found.push(...all(names, new RegExp(`(?<!\\w )\\b(?:${functions})\\b`, 'g')).map((name) => `${name} of ${from}`));
    const [, namespace] = clause.replace(/\{[^}]*\}/, '').match(/(\w+)\W*$/) ?? [];
    if (namespace !== undefined) found.push(...all(code, new RegExp(`\\b${namespace}\\.(?:${functions})\\b`, 'g')));
  }
  for (const [, from = ''] of code.matchAll(/\b(?:import|require)\(\s*['"]([^'"]+)['"]/g)) {
    if (modules.test(from)) found.push(`import of ${from}`);
  }
  return found;
}

function all(text: string, ...patterns: RegExp[]): string[] {
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([match]) => match));
}

describe('outgoing connections', () => {
  const files = guarded
    .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root }))
    .map((file) => file.replaceAll('\\', '/'));
  const sources = files.filter((file) => !/\.(test|bench)\.ts$|\/testing\//.test(file));

  it('are opened by the guarded dial alone', () => {
    const offenders = sources
      .filter((file) => !(file in exceptions))
      .map((file) => ({ file, calls: outgoingCalls(readFileSync(join(root, file), 'utf8')) }))
      .filter(({ calls }) => calls.length > 0);
    expect(offenders).toEqual([]);
  });

  it('are opened by each file that is excepted', () => {
    for (const file of Object.keys(exceptions)) {
      expect(outgoingCalls(readFileSync(join(root, file), 'utf8')), file).not.toEqual([]);
    }
  });

  it.each([
    ["import net from 'node:net';\nnet.connect(1935);", ['net.connect']],
    ["import * as tls from 'tls';\ntls.connect({});", ['tls.connect']],
    ["import { connect as open, isIP } from 'node:net';", ['connect of node:net']],
    ["import { createServer, Socket } from 'node:net';\nnew Socket();", ['new Socket']],
    ["import net from 'node:net';\nnew net.Socket();", ['new net.Socket']],
    ["import { Agent } from 'undici';\nnew Agent({});", ['new Agent']],
    ["import http, { createServer } from 'node:http';\nhttp.request('');", ['http.request']],
    ["import {\n  request,\n} from 'undici';", ['request of undici']],
    ["const net = await import('node:net');", ['import of node:net']],
    ["await fetch('http://target/');", ['fetch(']],
    ["new WebSocket('ws://target/');", ['new WebSocket']],
  ])('are found in %j', (source, calls) => {
    expect(outgoingCalls(source)).toEqual(calls);
  });

  it.each([
    "import type { Socket } from 'node:net';",
    "import { createServer, type Socket } from 'node:net';",
    "import { createServer } from 'node:http';\ncreateServer((request) => request.resume());",
    "import net from 'node:net';\nnet.createServer((socket: net.Socket) => socket.end());",
    "import { connect } from './session.ts';\nconnect();",
    'await this.#fetch(1); await cache.fetch(2);',
    '// fetch(url) would go around the policy\n/** Like net.connect. */',
  ])('are not seen in %j', (source) => {
    expect(outgoingCalls(source)).toEqual([]);
  });
});
