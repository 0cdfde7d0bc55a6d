import type { HtmlTagDescriptor, Plugin } from 'vite';

/** Font of nearly all text. */
const FONT = /inter-latin-wght-normal.*\.woff2$/;

/** What stands in the head of the page beside its script and its styles. */
export function pageLinks(): Plugin {
  return {
    name: 'page-links',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle = {} }): HtmlTagDescriptor[] {
        const line = Object.values(bundle).find((file) => file.type === 'chunk' && file.name === 'line');
        const font = Object.keys(bundle).find((name) => FONT.test(name));
        if (line === undefined || font === undefined) throw new Error('the build has no chunk line, or no font Inter');
        return [
          // The entry imports it too, and finds that it has run.
          tag('script', { type: 'module', async: true, crossorigin: true, src: `/${line.fileName}` }, 'head-prepend'),
          // Styles would tell of it only when they are there, and text would change its width after it has been drawn.
          tag('link', { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: true, href: `/${font}` }, 'head'),
        ];
      },
    },
  };
}

const tag = (
  name: string,
  attrs: Record<string, string | boolean>,
  injectTo: 'head' | 'head-prepend',
): HtmlTagDescriptor => ({ tag: name, attrs, injectTo });
