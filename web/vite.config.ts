import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const backend = process.env.CLOUDOPS_DEV_BACKEND ?? 'http://127.0.0.1:8000'

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as { version: string }

export default defineConfig({
  define: { __APP_VERSION__: JSON.stringify(version) },
  plugins: [react(), tailwindcss()],
  resolve: {
    alias: {
      '@': fileURLToPath(new URL('./src', import.meta.url)),
      'react-remove-scroll': fileURLToPath(new URL('./src/components/Common/scrollLock.tsx', import.meta.url)),
    },
    // The client package is linked from outside web/: without this two Reacts could meet.
    dedupe: ['react', 'react-dom', '@tanstack/react-query', 'zod'],
  },
  build: {
    // The content security policy allows no data: fonts or scripts, so nothing is inlined.
    assetsInlineLimit: 0,
    manifest: true,
    target: 'es2022',
  },
  server: {
    port: 3000,
    proxy: { '/api': { target: backend, ws: true }, '/healthz': backend },
  },
  preview: { proxy: { '/api': { target: backend, ws: true } } },
  test: {
    environment: 'jsdom',
    setupFiles: ['./src/test/setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    testTimeout: 20_000, // busy build machines; nothing here waits by itself
    // Else its adapter meets another copy of react-router than the app does.
    server: { deps: { inline: ['nuqs'] } },
  },
})
