import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The server answers these; everything else is a page of ours.
const server = 'http://127.0.0.1:8080';
const families = ['/data', '/REST', '/xapi', '/schemas', '/dicomweb', '/viewer', '/VIEWER', '/healthz'];

export default defineConfig({
  plugins: [react()],
  build: { outDir: 'dist', assetsDir: 'site/assets', target: 'es2022', chunkSizeWarningLimit: 1200 },
  server: { proxy: Object.fromEntries(families.map((family) => [family, server])) },
});
