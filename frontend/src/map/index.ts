import { element, localAddress } from '../shell/dom'
import { text } from '../shell/texts'
import { boundsOf, fetchThings, place } from './data'
import { FeatureList } from './list'
import { Panel } from './panel'
import { readState, writeState, type MapState } from './state'
import { TimeSlider } from './time'
import type { LayerEntry, Things } from './types'
import type { MapView } from './view'

const REFRESH = 60_000
const CACHED = 400
const DRAWN: LayerEntry['geometry'][] = ['polygon', 'line', 'point']

export interface LayerState {
  entry: LayerEntry
  shown: boolean
  things?: Things
  failed: boolean
}

/** Fills a `<div data-map>`: layers from the catalogue, legend, time, list; the address keeps the state. */
export function mount(host: HTMLElement): void {
  void new OneMap(host).start()
}

class OneMap {
  private readonly full: boolean
  private readonly canvas = element('div', { class: 'map-canvas' })
  private readonly past = new Map<string, Things>()
  private readonly wanted: MapState
  private layers: LayerState[] = []
  private view: MapView | undefined
  private panel: Panel | undefined
  private list: FeatureList | undefined
  private time: TimeSlider | undefined
  private loading: AbortController | undefined
  private fitted = false

  constructor(private readonly host: HTMLElement) {
    this.full = 'full' in host.dataset
    this.wanted = this.full ? readState(window.location.search) : {}
    host.append(this.canvas)
  }

  async start(): Promise<void> {
    try {
      this.layers = await this.readCatalogue()
    } catch {
      this.showError()
      return
    }
    this.panel = new Panel(this.host, this.layers, this.full, (layer) => void this.toggle(layer))
    this.list = new FeatureList(
      this.host,
      (layer, index) => this.open(layer, index),
      () => this.view?.bounds(),
    )
    if (this.full && this.layers.some((layer) => layer.entry.timed)) {
      this.time = new TimeSlider(this.host, this.wanted.at, () => this.timeChanged())
    }
    await this.startView()
    await this.refresh()
    await this.view?.settled()
    this.host.setAttribute('data-ready', '')
    this.keepFresh()
  }

  private async readCatalogue(): Promise<LayerState[]> {
    const url = localAddress(this.host.dataset.catalogue)
    const response = await fetch(url ?? '/map/layers.json')
    if (!response.ok) throw new Error(String(response.status))
    const { layers } = (await response.json()) as { layers: LayerEntry[] }
    const only = this.host.dataset.layers?.split(',')
    return layers
      .filter((entry) => !only || only.includes(entry.code))
      // Areas lie under lines, lines under symbols; within each the manifests' order holds.
      .sort((a, b) => DRAWN.indexOf(a.geometry) - DRAWN.indexOf(b.geometry) || a.order - b.order)
      .map((entry) => ({
        entry,
        shown: this.wanted.layers ? this.wanted.layers.includes(entry.code) : entry.visible,
        failed: false,
      }))
  }

  private async startView(): Promise<void> {
    if (!document.createElement('canvas').getContext('webgl2')) {
      this.canvas.replaceChildren(element('p', { class: 'map-note', role: 'status' }, text('noWebgl')))
      this.list?.open()
      return
    }
    const { MapLibreView } = await import('./view')
    this.view = new MapLibreView(this.canvas, this.full)
    await this.view.ready
    for (const layer of this.layers) this.view.addLayer(layer.entry, layer.shown)
    this.view.onPick((code, index) => {
      const layer = this.layers.find((candidate) => candidate.entry.code === code)
      if (layer) this.open(layer, index)
    })
    if (this.wanted.centre && this.wanted.zoom !== undefined) {
      this.view.look(this.wanted.centre, this.wanted.zoom)
      this.fitted = true
    }
    this.view.onMove(() => {
      this.remember()
      this.list?.moved()
    })
  }

  /** Fetches every layer that is shown; what cannot be fetched says so in the legend and keeps its old state. */
  private async refresh(only: (layer: LayerState) => boolean = () => true): Promise<void> {
    this.loading?.abort()
    const { signal } = (this.loading = new AbortController())
    const at = this.time?.at()
    await Promise.all(this.layers.filter((layer) => layer.shown && only(layer)).map((layer) => this.load(layer, at, signal)))
    if (signal.aborted) return
    this.fit()
    this.panel?.update()
    this.list?.update(this.layers)
  }

  private async load(layer: LayerState, at: Date | undefined, signal: AbortSignal): Promise<void> {
    const key = `${layer.entry.code} ${at?.toISOString() ?? ''}`
    try {
      const things = this.past.get(key) ?? (await fetchThings(layer.entry, at, signal))
      if (at) this.keep(key, things)
      if (signal.aborted) return
      layer.things = things
      layer.failed = false
      this.view?.show(layer.entry, things)
    } catch (error) {
      if (!signal.aborted) layer.failed = true
      else if (!(error instanceof DOMException)) throw error
    }
  }

  private keep(key: string, things: Things): void {
    this.past.set(key, things)
    const oldest = this.past.keys().next().value
    if (this.past.size > CACHED && oldest !== undefined) this.past.delete(oldest)
  }

  private fit(): void {
    if (this.fitted) return
    const loaded = this.layers.flatMap((layer) => (layer.things ? [layer] : []))
    const areas = loaded.filter((layer) => layer.entry.geometry === 'polygon')
    const bounds = boundsOf((areas.length ? areas : loaded).flatMap((layer) => layer.things ?? []))
    if (!bounds) return
    this.view?.fit(bounds)
    this.fitted = true
  }

  private async toggle(layer: LayerState): Promise<void> {
    this.view?.setShown(layer.entry, layer.shown)
    this.remember()
    if (layer.shown) await this.refresh((candidate) => candidate === layer)
    else this.list?.update(this.layers)
  }

  private open(layer: LayerState, index: number): void {
    const thing = layer.things?.features[index]
    if (thing) this.view?.popup(thing, place(thing))
  }

  private async timeChanged(): Promise<void> {
    this.remember()
    await this.refresh((layer) => layer.entry.timed)
  }

  private keepFresh(): void {
    const timer = setInterval(() => {
      if (!this.host.isConnected) clearInterval(timer)
      else if (!document.hidden && !this.time?.at()) void this.refresh((layer) => layer.entry.timed)
    }, REFRESH)
    let pending: ReturnType<typeof setTimeout> | undefined
    document.body.addEventListener('live-case', () => {
      clearTimeout(pending)
      pending = setTimeout(() => {
        if (!this.time?.at()) void this.refresh((layer) => layer.entry.timed)
      }, 1_000)
    })
  }

  private remember(): void {
    if (!this.full) return
    const shown = this.layers.filter((layer) => layer.shown).map((layer) => layer.entry.code)
    writeState({ ...this.view?.position(), layers: shown, at: this.time?.at() })
  }

  private showError(): void {
    const retry = element('button', { type: 'button', class: 'btn' }, text('retry'))
    retry.addEventListener('click', () => {
      this.canvas.replaceChildren()
      void this.start()
    })
    this.canvas.replaceChildren(element('div', { class: 'empty', role: 'alert' }, element('p', {}, text('failed')), retry))
  }
}
