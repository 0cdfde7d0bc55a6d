import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `npm run dev` finds a scheduler to talk to. */
const scheduler = process.env.PUSHFLEET_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2023',
    // The policy of the page allows fonts and images from this server only, and not out of its own text.
    assetsInlineLimit: 0,
    // The licences of what is bundled stand in package-lock.json's packages; the player is loaded when a preview is opened.
    chunkSizeWarningLimit: 700,
    sourcemap: false,
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
