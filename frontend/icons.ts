import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Plugin } from 'vite'

/** Names of icons that manifests (`icon="bell"`, or the bare argument of a page) and templates ask for. */
const IN_TEMPLATES = /portal\/_icon\.html"\s+with\s+name="([a-z0-9-]+)"/g
const IN_MANIFESTS = /"([a-z0-9]+(?:-[a-z0-9]+)*)"/g

/** Writes `icons.svg`, a sprite of the Lucide icons that the Python package uses. */
export function icons(source: string): Plugin {
  const folder = join(dirname(createRequire(import.meta.url).resolve('lucide-static/package.json')), 'icons')
  return {
    name: 'icons',
    generateBundle() {
      const symbols = [...namesIn(source, folder)].sort().map((name) => symbol(folder, name))
      const sprite = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>\n`
      this.emitFile({ type: 'asset', fileName: 'icons.svg', source: sprite })
    },
  }
}

function namesIn(source: string, folder: string): Set<string> {
  const known = new Set(readdirSync(folder).map((file) => file.replace(/\.svg$/, '')))
  const files = readdirSync(source, { recursive: true }).map(String)
  const names = new Set(['circle'])
  for (const file of files.filter((name) => name.endsWith('.html'))) {
    for (const [, name] of readFileSync(join(source, file), 'utf8').matchAll(IN_TEMPLATES)) {
      if (!known.has(name)) throw new Error(`${file}: Lucide has no icon ${name}`)
      names.add(name)
    }
  }
  for (const file of files.filter((name) => name.endsWith('module.py'))) {
    for (const [, word] of readFileSync(join(source, file), 'utf8').matchAll(IN_MANIFESTS)) {
      if (known.has(word)) names.add(word)
    }
  }
  return names
}

function symbol(folder: string, name: string): string {
  const svg = readFileSync(join(folder, `${name}.svg`), 'utf8')
  const inner = svg.slice(svg.indexOf('>', svg.indexOf('<svg')) + 1, svg.lastIndexOf('</svg>'))
  return `<symbol id="${name}" viewBox="0 0 24 24">${inner.replace(/\s+/g, ' ').trim()}</symbol>`
}
