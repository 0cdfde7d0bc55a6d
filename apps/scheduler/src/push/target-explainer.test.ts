import { parseCidr } from '@pushfleet/config';
import { describe, expect, it } from 'vitest';
import { TargetCheck } from './target-check.ts';
import { explainTarget } from './target-explainer.ts';

const policy = new TargetCheck([parseCidr('10.1.0.0/16')!], []);
const explain = (url: string) => explainTarget(url, policy);
/** `level part` of what is more than information. */
const troubles = (url: string) =>
  explain(url)
    .findings.filter(({ level }) => level !== 'info')
    .map(({ level, part }) => `${level} ${part}`);

describe('explainTarget', () => {
  it('takes a good URL apart and shows no secret of it', () => {
    const view = explain('rtmps://me:word@live.example.com/app/a-secret-stream-key');
    expect(view).toMatchObject({
      usable: true,
      protocol: 'rtmps',
      host: 'live.example.com',
      port: 443,
      tls: true,
      findings: [{ level: 'info', part: 'scheme', message: 'RTMP over TLS.' }],
    });
    expect(JSON.stringify(view)).not.toMatch(/secret-stream|word/);
    expect(explain('hls://10.1.2.3:8080/x/').usable).toBe(true);
  });

  it.each([
    ['', 'error scheme'],
    ['live.example.com/app/key', 'error scheme'],
    ['rtmp:/live.example.com', 'error scheme'],
    ['http://live.example.com/x', 'error scheme'],
    ['srt://live.example.com:9000', 'error scheme'],
    ['rtmp://', 'error host'],
    ['rtmp:///app/key', 'error host'],
    ['rtmp://live.example.com', 'error path'],
    ['rtmp://live.example.com/app/a key', 'error url'],
    ['rtmp://live.example.com:99999/app/key', 'error port'],
    ['rtmp://live.example.com/app/***1234', 'error path'],
    ['rtmp://192.168.1.2/app/key', 'error host'],
    ['rtmp://live.example.com/app', 'warning path'],
    ['rtmp://live.example.com:443/app/key', 'warning port'],
    ['rtmps://live.example.com:1935/app/key', 'warning port'],
    ['tshttp://live.example.com', 'warning path'],
  ])('finds what is wrong with %s', (url, trouble) => {
    expect(troubles(url)).toEqual([trouble]);
    expect(explain(url).usable).toBe(trouble.startsWith('warning'));
    for (const { message, remedy } of explain(url).findings)
      expect(`${message}|${remedy}`).toMatch(/^[A-Z].*[.?!]\|(|[A-Z].*[.?!])$/);
  });
});
