import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { groups } from './build/chunks.ts';
import { pageLinks } from './build/page-links.ts';
import { precompressed } from './build/precompressed.ts';

/** Where `npm run dev` finds a scheduler to talk to. */
const scheduler = process.env.PUSHFLEET_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), pageLinks(), precompressed()],
  // It knows `composes` without a word of warning.
  css: { transformer: 'lightningcss' },
  build: {
    target: 'es2023',
    // The policy of the page allows fonts and images from this server only, and not out of its own text.
    assetsInlineLimit: 0,
    // The licences of what is bundled stand in package-lock.json's packages.
    sourcemap: false,
    rolldownOptions: { output: { codeSplitting: { groups } } },
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(
      ['/api', '/queues', '/docs', '/metrics', '/health', '/ready'].map((path) => [
        path,
        // The API refuses pages of other origins; here the page speaks for the scheduler's own.
        { target: scheduler, changeOrigin: true, headers: { origin: new URL(scheduler).origin } },
      ]),
    ),
  },
});
