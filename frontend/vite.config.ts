import { defineConfig } from 'vite'
import { icons } from './icons.ts'

export default defineConfig({
  base: '/static/portal/build/',
  publicDir: false,
  plugins: [icons('../src/jiangcheng')],
  build: {
    outDir: '../src/jiangcheng/core/portal/static/portal/build',
    emptyOutDir: true,
    manifest: 'manifest.json',
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    rollupOptions: { input: ['src/shell/index.ts', 'src/field/index.ts', 'src/field/worker.ts'] },
  },
})
