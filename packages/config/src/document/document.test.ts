import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StreamSpec } from '../options.ts';
import { checkConfig } from './document.ts';
import { printDocument } from './printer.ts';

const specs = (text: string): StreamSpec[] => {
  const { document, diagnostics } = checkConfig(text);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return document!.streams.map(({ spec }) => spec);
};
const found = (text: string): string[] =>
  checkConfig(text).diagnostics.map(({ severity, line, column, code }) => `${line}:${column} ${severity} ${code}`);
const messages = (text: string): string[] => checkConfig(text).diagnostics.map(({ message }) => message);

describe("Flussonic's own examples", () => {
  it('are read as they are', () => {
    const text = `http 80;
cluster_key abcd;
event_sink x { url http://user:pass@h/events; only event=a,b; }
rproxy { streampoint_key ZSSlAAAAAGYELu0DoA==; }

stream breakingnews {
  input publish://;
  segment_count 10;
  segment_duration 10;
  push hls://post.[HOSTNAME].akamaihd.net/[STREAM_ID]/[STREAM_NAME]/;
  push rtmp://localhost:1935/static/breakingnews1;
  push tshttp://localhost:80/breakingnews2/mpegts;
  push hls://cdn3/breakingnews3 disabled;
  push m4s://example.com/router;
  push rtmp://h:1935/live/S retry_timeout=10 retry_limit=5 disabled;
  dvr /storage 7d;
  transcoder vb=1000k deinterlace=true ab=128k;
}
`;
    const { document, diagnostics } = checkConfig(text);
    expect(document!.streams.map(({ spec }) => spec)).toEqual([
      {
        name: 'breakingnews',
        inputs: ['publish://'],
        segment_count: 10,
        segment_duration: 10,
        pushes: [
          { url: 'hls://post.[HOSTNAME].akamaihd.net/[STREAM_ID]/[STREAM_NAME]/' },
          { url: 'rtmp://localhost:1935/static/breakingnews1' },
          { url: 'tshttp://localhost:80/breakingnews2/mpegts' },
          { url: 'hls://cdn3/breakingnews3', disabled: true },
          { url: 'm4s://example.com/router' },
          { url: 'rtmp://h:1935/live/S', retry_timeout: 10, retry_limit: 5, disabled: true },
        ],
      },
    ]);
    expect(document!.ignored.map(({ name }) => name.text)).toEqual(['http', 'cluster_key', 'event_sink', 'rproxy']);
    expect(diagnostics.map(({ severity, line }) => [severity, line])).toEqual(
      [1, 2, 3, 4, 16, 17].map((line) => ['info', line]),
    );
  });

  it('from before 2021 say url for input', () => {
    expect(specs('stream old { url publish://; }')[0]!.inputs).toEqual(['publish://']);
  });

  it('over protocols that we do not speak are left out with a warning', () => {
    const text =
      'stream a {\n  input udp://239.0.0.1:1234;\n  push udp://239.0.0.1:1236 multicast_loop;\n  push rtmp://h/a/k;\n}';
    expect(found(text)).toEqual(['2:9 warning foreign_scheme', '3:8 warning foreign_scheme']);
    expect(specs(text)).toEqual([{ name: 'a', inputs: [], pushes: [{ url: 'rtmp://h/a/k' }] }]);
  });

  it('are reported once for each word that means nothing here', () => {
    const text = Array.from(
      { length: 300 },
      (_, index) => `stream s${index} { dvr /x; push rtmp://h/a/${index} vb=1; }`,
    ).join('\n');
    expect(messages(text)).toEqual([
      "'dvr' is kept and has no effect here (300 times in this text)",
      "'vb' is kept and has no effect here (300 times in this text)",
    ]);
  });
});

describe('settings', () => {
  it('of every kind are read', () => {
    const text = `stream live/a.b-c_1 {
      title Two words; comment "quoted; text"; password "p w"; disabled;
      segment_count 4; segment_duration 2.5; source_timeout 20;
      input tshttp://h/b priority=2 source_timeout=60; input tshttp://h/a priority=1; input file:///slate.mp4;
      push rtmp://h/a/k retry_limit=endless timeout=none connect_timeout=0.5 comment="my push" pool=eu labels.team=sport labels.a.b='x y' disabled=no;
      push rtmp://h/a/l retry_limit=unlimited timeout=30;
      push hls://h/a/ hls_profile=akamai hls_method=post hls_delete=no s3_region=eu-west-1
        header.X-Api-Key=abc=d header.Authorization="Bearer x y";
      push hls://h/b/ hls_delete=auto;
    }`;
    expect(specs(text)).toEqual([
      {
        name: 'live/a.b-c_1',
        title: 'Two words',
        comment: 'quoted; text',
        password: 'p w',
        disabled: true,
        segment_count: 4,
        segment_duration: 2.5,
        source_timeout: 20,
        inputs: ['tshttp://h/a', 'tshttp://h/b', 'file:///slate.mp4'],
        pushes: [
          {
            url: 'rtmp://h/a/k',
            retry_limit: null,
            timeout: null,
            connect_timeout: 0.5,
            comment: 'my push',
            pool: 'eu',
            labels: { team: 'sport', 'a.b': 'x y' },
            disabled: false,
          },
          { url: 'rtmp://h/a/l', retry_limit: null, timeout: 30 },
          {
            url: 'hls://h/a/',
            hls_profile: 'akamai',
            hls_method: 'post',
            hls_delete: false,
            s3_region: 'eu-west-1',
            headers: { 'X-Api-Key': 'abc=d', Authorization: 'Bearer x y' },
          },
          { url: 'hls://h/b/', hls_delete: null },
        ],
      },
    ]);
  });

  it('keep the places of streams and pushes', () => {
    const text = 'stream a {\n  push rtmp://h/a/1;\n  push rtmp://h/a/2;\n}\nstream b { }';
    const { streams } = checkConfig(text).document!;
    expect(streams.map(({ position }) => text.slice(position.offset, position.end))).toEqual([
      text.slice(0, -13),
      'stream b { }',
    ]);
    expect(streams[0]!.pushPositions).toMatchObject([
      { line: 2, column: 3 },
      { line: 3, column: 3 },
    ]);
  });
});

describe('templates', () => {
  const template =
    'template t { input publish://; segment_count 4; title T; push rtmp://h/a/1 retry_limit=1; push rtmp://h/a/2; }\n';

  it('give a stream what it does not say itself', () => {
    expect(specs(`stream a { template t; segment_count 9; }\n${template}`)).toEqual([
      {
        name: 'a',
        inputs: ['publish://'],
        segment_count: 9,
        title: 'T',
        pushes: [{ url: 'rtmp://h/a/1', retry_limit: 1 }, { url: 'rtmp://h/a/2' }],
      },
    ]);
  });

  it('let the stream replace the inputs and single pushes', () => {
    const text = `${template}stream a { template t; input file://x; push rtmp://h/a/1 disabled; push rtmp://h/a/3; }`;
    const { spec, pushPositions } = checkConfig(text).document!.streams[0]!;
    expect(spec.inputs).toEqual(['file://x']);
    expect(spec.pushes).toEqual([
      { url: 'rtmp://h/a/2' },
      { url: 'rtmp://h/a/1', disabled: true },
      { url: 'rtmp://h/a/3' },
    ]);
    expect(pushPositions.map(({ line }) => line)).toEqual([1, 2, 2]);
  });
});

describe('mistakes', () => {
  it.each([
    ['stream a { push; }', '1:12 error missing_url'],
    ['stream a { push retry_timeout=5; }', '1:12 error missing_url'],
    ['stream a { input; }', '1:12 error missing_url'],
    ['stream a { push h/a/k; }', '1:17 error bad_url'],
    ['stream a { push "rtmp://h/a b/k"; }', '1:17 error bad_url'],
    ['stream a { push ftp://h/x; }', '1:17 error unknown_scheme'],
    ['stream a { input rtmpp://h/x; }', '1:18 error unknown_scheme'],
    ['stream a { push rtmp://h/a/k { x; } }', '1:12 error unexpected_block'],
    ['stream a { push rtmp://h/a/k retry_timeout=fast; }', '1:30 error bad_value'],
    ['stream a { push rtmp://h/a/k retry_limit=0; }', '1:30 error bad_value'],
    ['stream a { push rtmp://h/a/k disabled=perhaps; }', '1:30 error bad_value'],
    ['stream a { push rtmp://h/a/k labels.=x; }', '1:30 error bad_value'],
    ['stream a { push hls://h/a hls_profile=akamia; }', '1:27 error bad_value'],
    ['stream a { push hls://h/a header.X-A=1 header.Host=x; }', '1:40 error bad_value'],
    ['stream a { push hls://h/a header.=x; }', '1:27 error bad_value'],
    ['stream a { push hls://h/a header.X-A=1 header.x-a=2; }', '1:40 error bad_value'],
    ['stream a { push hls://h/a header.X-A=1 header.X-A=2; }', '1:40 warning repeated_option'],
    ['stream a { push hls://h/a labels.a=1 labels._=2; }', '1:38 error bad_value'],
    ['stream a { push hls://h/a headers.X-A=1; }', '1:27 warning unknown_option'],
    ['stream a { push hls://h/a hls_profil=s3; }', '1:27 warning unknown_option'],
    ['stream a { push hls://h/a header.X-A; }', '1:27 warning unknown_option'],
    ['stream a { push rtmp://h/a/k hls_delete=on; }', '1:30 warning idle_option'],
    ['stream a { push rtmp://h/a/k header.X-A=1; }', '1:30 warning idle_option'],
    ['stream a { push tshttp://h/a/k header.X-A=1 s3_region=x; }', '1:45 warning idle_option'],
    ['stream a { source_timeout 0; }', '1:27 error bad_value'],
    ['stream a { push rtmp://h/a/k retry_limit; }', '1:30 error missing_value'],
    ['stream a { push rtmp://h/a/k retry_limit=1 retry_limit=2; }', '1:44 warning repeated_option'],
    ['stream a { push rtmp://h/a/k retry_limt=1; }', '1:30 warning unknown_option'],
    ['stream a { push rtmp://h/a/k disbled; }', '1:30 warning unknown_option'],
    ['stream a { push rtmp://h/a/k; push rtmp://h/a/k; }', '1:31 warning duplicate_push'],
    ['stream a { input publish:// priority=high; }', '1:29 error bad_value'],
    ['stream a { input publish:// sorce_timeout=1; }', '1:29 warning unknown_option'],
    ['stream a { segment_count ten; }', '1:26 error bad_value'],
    ['stream a { segment_count; }', '1:12 error missing_value'],
    ['stream a { segment_count 1 2; }', '1:28 warning extra_words'],
    ['stream a { segment_count 1; segment_count 2; }', '1:29 warning repeated_setting'],
    ['stream a { title { } }', '1:12 error unexpected_block'],
    ['stream a { disabled maybe; }', '1:21 error bad_value'],
    ['stream a { pusch rtmp://h/a/k; }', '1:12 warning unknown_directive'],
    ['stream a { template t; }', '1:21 error unknown_template'],
    ['stream a { }\nstream a { }', '2:8 error duplicate_stream'],
    ['template t { }\ntemplate t { }', '2:10 error duplicate_template'],
    ['template t { template u; }', '1:23 warning nested_template'],
    ['stream a//b { }', '1:8 error bad_value'],
    ['stream { }', '1:1 error missing_value'],
    ['stream a;', '1:1 error missing_block'],
    ['strem a { }', '1:1 warning unknown_directive'],
    ['push rtmp://h/a/k;', '1:1 error misplaced_directive'],
    ['title x;', '1:1 warning misplaced_directive'],
    ['stream a { push rtmp://h/a/k; }\nstream b { push rtmp://h/a/k; }', '2:12 warning shared_target'],
  ])('%s', (text, expected) => {
    expect(found(text)).toEqual([expected]);
  });

  it('are explained with what to write instead', () => {
    const { diagnostics } = checkConfig(
      'stream a { push rtmp://h/a/k retry_timeout=5s retry_limt=1; push hls://h/a headers.X-A=1; }\nstrem b { }',
    );
    expect(diagnostics.map(({ message, hint }) => [message, hint])).toEqual([
      [
        'retry_timeout must be a number of seconds from 0.1 to 86400, not "5s"',
        'write seconds as a number without a unit',
      ],
      ["push has no option 'retry_limt'; it has no effect", "did you mean 'retry_limit'?"],
      ['push has no such option; it has no effect', "did you mean 'header.NAME=VALUE'?"],
      ["'strem' is no known directive and has no effect", "did you mean 'stream'?"],
    ]);
  });

  it('leave no document, warnings do', () => {
    expect(checkConfig('stream a { push; }').document).toBeUndefined();
    expect(checkConfig('strem a { }').document).toEqual({ streams: [], ignored: [expect.anything()] });
  });

  it('of disabled pushes to one target are none', () => {
    expect(
      found(
        'stream a { push rtmp://h/a/k; }\nstream b { push rtmp://h/a/k disabled; }\nstream c { disabled; push rtmp://h/a/k; }',
      ),
    ).toEqual([]);
  });
});

const text = (maxLength: number) => fc.string({ unit: 'binary', maxLength });
const seconds = (min: number, max: number) => fc.integer({ min: min * 1000, max: max * 1000 }).map((ms) => ms / 1000);
const anyHlsOption = {
  hls_profile: fc.constantFrom('auto', 'generic', 'akamai', 'youtube', 's3'),
  hls_method: fc.constantFrom('put', 'post'),
  hls_delete: fc.option(fc.boolean()),
  s3_region: fc.stringMatching(/^[a-z0-9-]{0,32}$/),
};
const anyHeaders = fc
  .uniqueArray(
    fc.tuple(fc.stringMatching(/^X-[A-Za-z0-9_.-]{0,11}$/), fc.stringMatching(/^[!-~]([\t -~]{0,20}[!-~])?$/)),
    {
      minLength: 1,
      maxLength: 3,
      selector: ([name]) => name.toLowerCase(),
    },
  )
  .map((fields) => Object.fromEntries(fields));
const anyPush = (url: string) =>
  fc.record(
    {
      url: fc.constant(url),
      retry_timeout: seconds(0.1, 86_400),
      retry_limit: fc.option(fc.integer({ min: 1, max: 2_147_483_646 })),
      disabled: fc.boolean(),
      timeout: fc.option(seconds(0, 86_400)),
      connect_timeout: seconds(0.1, 300),
      comment: text(30),
      pool: fc.stringMatching(/^[a-z0-9-]{1,32}$/),
      labels: fc.dictionary(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,11}$/), text(10), {
        minKeys: 1,
        maxKeys: 3,
        noNullPrototype: true,
      }),
      ...(url.startsWith('hls') && anyHlsOption),
      ...(!url.startsWith('rtmp') && { headers: anyHeaders }),
    },
    { requiredKeys: ['url'] },
  );
const targets = ['rtmp://u:p@h/app/key?x="y"', 'hls://post.[HOST]/x;y/', 'm4s://h/#{x}', "tshttp://h/it's"];
const anyStream = (name: string) =>
  fc.record(
    {
      name: fc.constant(name),
      inputs: fc.subarray(['publish://', 'file:///a;b.mp4', 'rtmp://h/a/b#c']),
      pushes: fc
        .tuple(...targets.map((url) => fc.option(anyPush(url + name))))
        .map((pushes) => pushes.filter((push) => push !== null)),
      segment_count: fc.integer({ min: 1, max: 1000 }),
      segment_duration: seconds(0.1, 300),
      source_timeout: seconds(0.1, 3600),
      password: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
      disabled: fc.boolean(),
      title: text(20),
      comment: text(20),
    },
    { requiredKeys: ['name', 'inputs', 'pushes'] },
  );

describe('printDocument', () => {
  it('writes text that reads back as the same streams', () => {
    fc.assert(
      fc.property(fc.tuple(anyStream('a'), anyStream('live/b-1')), (streams) => {
        const printed = printDocument(streams as StreamSpec[]);
        expect(found(printed)).toEqual([]);
        expect(specs(printed)).toEqual(streams);
      }),
      { numRuns: 200 },
    );
  });

  it('writes what a person would have written', () => {
    const stream = {
      name: 'news',
      inputs: ['publish://'],
      pushes: [{ url: 'rtmp://h/a/k', retry_timeout: 10, disabled: true }],
    };
    expect(printDocument([stream])).toBe(
      'stream news {\n  input publish://;\n  push rtmp://h/a/k retry_timeout=10 disabled;\n}\n',
    );
  });
});
