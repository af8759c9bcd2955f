import { element, localAddress } from '../shell/dom'
import { text } from '../shell/texts'
import { boundsOf, fetchThings } from './data'
import type { LayerEntry } from './types'
import type { MapView } from './view'

type Point = [longitude: number, latitude: number]

const AREAS = 'areas'
const DIGITS = 6
const NEAR = 12

/**
 * Fills a `<div data-place>`: a small map with one point. With `data-picks` a click, or the place of the device,
 * writes the form's fields `longitude` and `latitude`; they stay the truth, and typing in them moves the point.
 * `data-bare` leaves the map away and offers the place of the device alone.
 */
export function mount(host: HTMLElement): void {
  void new Place(host).start()
}

class Place {
  private readonly canvas = element('div', { class: 'map-canvas' })
  private readonly fields: HTMLInputElement[]
  private mark: ((at: Point | undefined) => void) | undefined

  constructor(private readonly host: HTMLElement) {
    const form = 'picks' in host.dataset ? host.closest('form') : null
    this.fields = ['longitude', 'latitude'].flatMap(
      (name) => form?.querySelector<HTMLInputElement>(`input[name="${name}"]`) ?? [],
    )
  }

  async start(): Promise<void> {
    if (this.picks && 'geolocation' in navigator) this.offerOwnPlace()
    if ('bare' in this.host.dataset) {
      this.host.setAttribute('data-ready', '')
      return
    }
    this.host.append(this.canvas)
    for (const field of this.fields) field.addEventListener('change', () => this.mark?.(this.point()))
    if (!document.createElement('canvas').getContext('webgl2')) {
      this.canvas.replaceChildren(element('p', { class: 'map-note' }, text(this.picks ? 'typePlace' : 'noWebgl')))
      this.host.setAttribute('data-ready', '')
      return
    }
    const { MapLibreView } = await import('./view')
    const view = new MapLibreView(this.canvas, false)
    await view.ready
    const at = this.point()
    await this.drawAreas(view, !at)
    this.mark = (point) => view.mark(point)
    this.mark(at)
    if (at) view.look(at, NEAR)
    if (this.picks) view.onClick((point) => this.pick(point))
    this.host.setAttribute('data-ready', '')
  }

  private get picks(): boolean {
    return this.fields.length === 2
  }

  private point(): Point | undefined {
    const { longitude, latitude } = this.host.dataset
    const [x, y] = this.picks ? this.fields.map((field) => field.value) : [longitude, latitude]
    return x && y && Number.isFinite(Number(x)) && Number.isFinite(Number(y)) ? [Number(x), Number(y)] : undefined
  }

  private pick(point: Point): void {
    this.fields.forEach((field, index) => {
      field.value = (point[index] ?? 0).toFixed(DIGITS)
      field.dispatchEvent(new Event('input', { bubbles: true }))
    })
    this.mark?.(point)
  }

  private offerOwnPlace(): void {
    const button = element('button', { type: 'button', class: 'btn btn-small' }, text('ownPlace'))
    button.addEventListener('click', () => {
      button.disabled = true
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          button.disabled = false
          this.pick([coords.longitude, coords.latitude])
        },
        () => {
          button.textContent = text('noPlace')
        },
        { enableHighAccuracy: true, timeout: 15_000 },
      )
    })
    this.host.after(element('p', { class: 'row' }, button))
  }

  /** The outlines help to find one's way; without them the point is still shown. */
  private async drawAreas(view: MapView, fit: boolean): Promise<void> {
    try {
      const response = await fetch(localAddress(this.host.dataset.catalogue) ?? '/map/layers.json')
      const { layers } = (await response.json()) as { layers: LayerEntry[] }
      const areas = layers.find((entry) => entry.code === AREAS)
      if (!areas) return
      const things = await fetchThings(areas, undefined, new AbortController().signal)
      view.addLayer(areas, true)
      view.show(areas, things)
      const bounds = boundsOf(things.features.length ? [things] : [])
      if (fit && bounds) view.fit(bounds)
    } catch {
      this.host.setAttribute('data-without-areas', '')
    }
  }
}
