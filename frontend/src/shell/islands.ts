type Mount = (host: HTMLElement) => void

const ISLANDS: [selector: string, load: () => Promise<{ mount: Mount }>][] = [
  ['[data-map]', () => import('../map')],
  ['[data-place]', () => import('../map/place')],
  ['[data-draw]', () => import('../draw')],
  ['[data-chart-src]', () => import('../chart')],
]

/** Brings islands to life, those of fragments that arrive later too; their code is fetched when first needed. */
export function startIslands(): void {
  mountIn(document.body)
  document.addEventListener('htmx:after:swap', () => mountIn(document.body))
}

function mountIn(root: HTMLElement): void {
  for (const [selector, load] of ISLANDS) {
    for (const host of root.querySelectorAll<HTMLElement>(`${selector}:not([data-mounted])`)) {
      host.setAttribute('data-mounted', '')
      void load().then(({ mount }) => mount(host))
    }
  }
}
