import { element } from '../shell/dom'
import { text } from '../shell/texts'
import type { LayerState } from './index'
import { swatch, type Shape } from './symbols'
import type { LayerEntry } from './types'

const AQI_LEVELS = ['aqi1', 'aqi2', 'aqi3', 'aqi4', 'aqi5', 'aqi6']
const WATER_CLASSES = ['Ⅰ', 'Ⅱ', 'Ⅲ', 'Ⅳ', 'Ⅴ']
const COLOURS: Record<LayerEntry['geometry'], string> = { point: '#8aa0a4', line: '#5b9fc9', polygon: '#ffffff' }

interface Row {
  layer: LayerState
  picture: HTMLCanvasElement
  count: HTMLElement
}

/** Layers with their symbols, counts and switches, and the two scales of colours. */
export class Panel {
  private readonly rows: Row[]

  constructor(host: HTMLElement, layers: LayerState[], full: boolean, toggled: (layer: LayerState) => void) {
    const content = element('div')
    // Drawn last means on top, and what is on top is listed first.
    this.rows = [...layers].reverse().map((layer) => row(layer, content, toggled))
    if (full) content.append(...scales())
    const open = full && host.clientWidth > 700
    host.append(element('details', { class: 'map-panel card', open }, element('summary', {}, text('layers')), content))
    this.update()
  }

  update(): void {
    for (const { layer, picture, count } of this.rows) {
      const facts = layer.things?.features[0]?.properties
      const shape: Shape | 'line' | 'polygon' =
        layer.entry.geometry === 'point' ? (facts?.shape ?? 'circle') : layer.entry.geometry
      swatch(picture, shape, facts?.colour ?? COLOURS[layer.entry.geometry])
      count.className = layer.failed ? 'badge badge-bad' : 'badge'
      count.textContent = layer.failed ? text('failed') : layer.things ? String(layer.things.features.length) : '…'
      count.hidden = !layer.shown
    }
  }
}

function row(layer: LayerState, content: HTMLElement, toggled: (layer: LayerState) => void): Row {
  const box = element('input', { type: 'checkbox', checked: layer.shown, value: layer.entry.code })
  const picture = element('canvas', { 'aria-hidden': 'true' })
  const count = element('span', { class: 'badge' })
  content.append(element('label', { class: 'map-layer' }, box, picture, element('span', {}, layer.entry.name), count))
  box.addEventListener('change', () => {
    layer.shown = box.checked
    count.hidden = !layer.shown
    toggled(layer)
  })
  return { layer, picture, count }
}

function scales(): HTMLElement[] {
  const aqi = AQI_LEVELS.map((key, index) => element('span', { class: `badge level-${index + 1}` }, text(key)))
  const water = [...WATER_CLASSES, text('w6')].map((name, index) =>
    element('span', { class: `badge wclass-${index + 1}` }, name),
  )
  return [
    element('h3', {}, text('aqi')),
    element('div', { class: 'map-scale' }, ...aqi),
    element('h3', {}, text('water')),
    element('div', { class: 'map-scale' }, ...water),
  ]
}
