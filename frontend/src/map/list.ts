import { element, localAddress } from '../shell/dom'
import { text } from '../shell/texts'
import { boundsOf, type Bounds } from './data'
import type { LayerState } from './index'
import { valueOf } from './popup'
import type { Thing } from './types'

const MOST = 200

/** Everything on the map as tables: for screen readers, for the keyboard, and where there is no WebGL. */
export class FeatureList {
  private readonly content = element('div')
  private readonly inView = element('input', { type: 'checkbox' })
  private readonly choice = element('label', { class: 'row', hidden: true }, this.inView, text('inView'))
  private readonly box = element(
    'details',
    { class: 'map-list' },
    element('summary', {}, text('list')),
    this.choice,
    this.content,
  )
  private layers: LayerState[] = []

  /** `view` tells the area that is shown; nothing where nothing is drawn. */
  constructor(
    host: HTMLElement,
    private readonly picked: (layer: LayerState, index: number) => void,
    private readonly view: () => Bounds | undefined,
  ) {
    host.append(this.box)
    this.box.addEventListener('toggle', () => this.fill())
    this.inView.addEventListener('change', () => this.fill())
  }

  /** The area shown has changed. */
  moved(): void {
    if (this.inView.checked) this.fill()
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
    const area = this.view()
    this.choice.hidden = !area
    const within = this.inView.checked ? area : undefined
    const shown = this.layers.filter((layer) => layer.shown)
    this.content.replaceChildren(...shown.flatMap((layer) => this.section(layer, within)))
  }

  private section(layer: LayerState, within: Bounds | undefined): HTMLElement[] {
    const features = (layer.things?.features ?? [])
      .map((thing, index) => ({ thing, index }))
      .filter(({ thing }) => !within || overlaps(thing, within))
    const rows = features.slice(0, MOST).map(({ thing, index }) => this.row(layer, thing, index))
    const body = rows.length ? rows : [element('tr', {}, element('td', {}, text('noFeatures')))]
    const table = element('table', { class: 'table' }, element('tbody', {}, ...body))
    const more = features.length > MOST ? element('p', { class: 'muted' }, text('more', features.length - MOST)) : null
    return [element('h3', {}, `${layer.entry.name} (${features.length})`), table, ...(more ? [more] : [])]
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

/** Tells whether a feature reaches into an area; of areas and lines the box around them counts. */
function overlaps(thing: Thing, [west, south, east, north]: Bounds): boolean {
  const box = boundsOf([{ type: 'FeatureCollection', features: [thing] }])
  return !!box && box[0] <= east && box[2] >= west && box[1] <= north && box[3] >= south
}
