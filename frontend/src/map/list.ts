import { element, localAddress } from '../shell/dom'
import { text } from '../shell/texts'
import type { LayerState } from './index'
import { valueOf } from './popup'
import type { Thing } from './types'

const MOST = 200

/** Everything on the map as tables: for screen readers, for the keyboard, and where there is no WebGL. */
export class FeatureList {
  private readonly content = element('div')
  private readonly box = element('details', { class: 'map-list' }, element('summary', {}, text('list')), this.content)
  private layers: LayerState[] = []

  constructor(
    host: HTMLElement,
    private readonly picked: (layer: LayerState, index: number) => void,
  ) {
    host.append(this.box)
    this.box.addEventListener('toggle', () => this.fill())
  }

  open(): void {
    this.box.open = true
  }

  update(layers: LayerState[]): void {
    this.layers = layers
    this.fill()
  }

  private fill(): void {
    if (!this.box.open) return
    this.content.replaceChildren(...this.layers.filter((layer) => layer.shown).flatMap((layer) => this.section(layer)))
  }

  private section(layer: LayerState): HTMLElement[] {
    const features = layer.things?.features ?? []
    const rows = features.slice(0, MOST).map((thing, index) => this.row(layer, thing, index))
    const body = rows.length ? rows : [element('tr', {}, element('td', {}, text('noFeatures')))]
    const table = element('table', { class: 'table' }, element('tbody', {}, ...body))
    const more = features.length > MOST ? element('p', { class: 'muted' }, text('more', features.length - MOST)) : null
    return [element('h3', {}, layer.entry.name), table, ...(more ? [more] : [])]
  }

  private row(layer: LayerState, thing: Thing, index: number): HTMLElement {
    const facts = thing.properties
    const button = element('button', { type: 'button', class: 'btn btn-quiet btn-small' }, facts.name)
    button.addEventListener('click', () => this.picked(layer, index))
    const url = localAddress(facts.url)
    return element(
      'tr',
      {},
      element('td', {}, button),
      element('td', {}, facts.label ?? ''),
      element('td', { class: 'num' }, valueOf(facts)),
      element('td', {}, url ? element('a', { href: url }, text('open')) : ''),
    )
  }
}
