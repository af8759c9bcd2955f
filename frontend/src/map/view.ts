import 'maplibre-gl/dist/maplibre-gl.css'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import {
  AttributionControl,
  Map as MapLibreMap,
  Marker,
  NavigationControl,
  Popup,
  ScaleControl,
  setWorkerUrl,
  type AddLayerObject,
  type GeoJSONSource,
} from 'maplibre-gl'
import type { Position } from 'geojson'
import { text } from '../shell/texts'
import { drawable, namePlaces, type Bounds } from './data'
import { popupContent } from './popup'
import { drawKey, SCALE } from './symbols'
import type { LayerEntry, Thing, Things } from './types'

/** What the map needs of a drawing surface. */
export interface MapView {
  readonly ready: Promise<void>
  addLayer(entry: LayerEntry, shown: boolean): void
  show(entry: LayerEntry, things: Things): void
  setShown(entry: LayerEntry, shown: boolean): void
  bounds(): Bounds
  fit(bounds: Bounds): void
  look(centre: [number, number], zoom: number): void
  position(): { centre: [number, number]; zoom: number }
  popup(thing: Thing, at: Position): void
  mark(at: [number, number] | undefined): void
  onClick(clicked: (at: [number, number]) => void): void
  onPick(picked: (code: string, index: number) => void): void
  onMove(moved: () => void): void
  settled(): Promise<void>
}

setWorkerUrl(workerUrl)

const NAMES_FROM_ZOOM = 10.5
const NEAR_ZOOM = 10
const MARGIN = 28
const TIME_BAR = 100
const CALM = ' calm'
const NOTHING: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] }

/** The map drawn by MapLibre GL on a plain ground: no tiles, no glyphs, no sprites, no foreign host. */
export class MapLibreView implements MapView {
  readonly ready: Promise<void>
  private readonly map: MapLibreMap
  private readonly opened = new Popup({ maxWidth: '340px', offset: 12 })
  private readonly marker = new Marker({ color: '#c0362c' })
  private readonly parts = new Map<string, string[]>()
  private lowestSymbols: string | undefined

  constructor(
    host: HTMLElement,
    private readonly full: boolean,
  ) {
    this.map = new MapLibreMap({
      container: host,
      style: {
        version: 8,
        sources: {},
        layers: [{ id: 'ground', type: 'background', paint: { 'background-color': dark() ? '#0e1d20' : '#e6eded' } }],
      },
      center: [126.5, 43.6],
      zoom: 6.5,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      cooperativeGestures: false,
      locale: {
        'NavigationControl.ZoomIn': text('zoomIn'),
        'NavigationControl.ZoomOut': text('zoomOut'),
        'Popup.Close': text('close'),
        'Map.Title': text('map'),
      },
    })
    this.map.touchZoomRotate.disableRotation()
    this.map.addControl(new NavigationControl({ showCompass: false }), 'top-right')
    this.map.addControl(new ScaleControl({ unit: 'metric' }), 'bottom-left')
    this.map.addControl(new AttributionControl({ compact: false, customAttribution: text('schematic') }), 'bottom-right')
    if (!full) this.map.scrollZoom.disable()
    this.ready = new Promise((resolve) => void this.map.once('load', () => resolve()))
  }

  addLayer(entry: LayerEntry, shown: boolean): void {
    const source = entry.code
    this.map.addSource(source, { type: 'geojson', data: NOTHING })
    if (entry.geometry === 'polygon') this.map.addSource(`${source} names`, { type: 'geojson', data: NOTHING })
    const layers = layersOf(entry, shown)
    for (const layer of layers) this.map.addLayer(layer, layer.id.endsWith(CALM) ? this.lowestSymbols : undefined)
    if (entry.geometry === 'point') this.lowestSymbols ??= layers[0]?.id
    this.parts.set(source, layers.map((layer) => layer.id))
  }

  show(entry: LayerEntry, things: Things): void {
    const data = drawable(things)
    this.draw(data, entry.geometry === 'point' ? ['symbol', 'far', 'name'] : [])
    this.source(entry.code)?.setData(data)
    if (entry.geometry !== 'polygon') return
    const names = namePlaces(things)
    this.draw(names, ['name'])
    this.source(`${entry.code} names`)?.setData(names)
  }

  setShown(entry: LayerEntry, shown: boolean): void {
    for (const id of this.parts.get(entry.code) ?? []) {
      this.map.setLayoutProperty(id, 'visibility', shown ? 'visible' : 'none')
    }
  }

  fit(bounds: Bounds): void {
    const bottom = this.full ? TIME_BAR : MARGIN
    this.map.fitBounds(bounds, { padding: { top: MARGIN, right: MARGIN, bottom, left: MARGIN }, animate: false })
  }

  look(centre: [number, number], zoom: number): void {
    this.map.jumpTo({ center: centre, zoom })
  }

  position(): { centre: [number, number]; zoom: number } {
    const { lng, lat } = this.map.getCenter()
    return { centre: [lng, lat], zoom: this.map.getZoom() }
  }

  bounds(): Bounds {
    const shown = this.map.getBounds()
    return [shown.getWest(), shown.getSouth(), shown.getEast(), shown.getNorth()]
  }

  popup(thing: Thing, at: Position): void {
    const where: [number, number] = [at[0] ?? 0, at[1] ?? 0]
    if (!this.map.getBounds().contains(where)) this.map.easeTo({ center: where })
    this.opened.setLngLat(where).setDOMContent(popupContent(thing.properties)).addTo(this.map)
  }

  /** Puts the one marker of a small map somewhere, or takes it away. */
  mark(at: [number, number] | undefined): void {
    if (!at) this.marker.remove()
    else this.marker.setLngLat(at).addTo(this.map)
  }

  onClick(clicked: (at: [number, number]) => void): void {
    this.map.getCanvas().style.cursor = 'crosshair'
    this.map.on('click', ({ lngLat }) => clicked([lngLat.lng, lngLat.lat]))
  }

  onPick(picked: (code: string, index: number) => void): void {
    this.map.on('click', (event) => {
      // The topmost feature wins: layers are drawn areas first, symbols last.
      const [hit] = this.map.queryRenderedFeatures(event.point)
      if (hit) picked(hit.source.replace(/ names$/, ''), Number(hit.properties.index))
    })
    this.map.on('mousemove', (event) => {
      const over = this.map.queryRenderedFeatures(event.point).length > 0
      this.map.getCanvas().style.cursor = over ? 'pointer' : ''
    })
  }

  onMove(moved: () => void): void {
    this.map.on('moveend', moved)
  }

  /** Resolves when everything that was given is drawn. */
  async settled(): Promise<void> {
    if (!this.map.loaded()) await this.map.once('idle')
  }

  private source(id: string): GeoJSONSource | undefined {
    return this.map.getSource(id) as GeoJSONSource | undefined
  }

  private draw(data: GeoJSON.FeatureCollection, kinds: ('symbol' | 'far' | 'name')[]): void {
    for (const feature of data.features) {
      for (const kind of kinds) {
        const key = String(feature.properties?.[kind])
        if (this.map.hasImage(key)) continue
        const image = drawKey(key)
        if (image) this.map.addImage(key, image, { pixelRatio: SCALE })
      }
    }
  }
}

function dark(): boolean {
  return document.documentElement.classList.contains('wall')
}

function layersOf(entry: LayerEntry, shown: boolean): AddLayerObject[] {
  const source = entry.code
  const visibility = shown ? 'visible' : 'none'
  if (entry.geometry === 'line') {
    const paint = { 'line-color': ['coalesce', ['get', 'colour'], '#5b9fc9'], 'line-width': 2.2 }
    return [{ id: `${source} line`, type: 'line', source, layout: { visibility, 'line-cap': 'round' }, paint } as AddLayerObject]
  }
  if (entry.geometry === 'polygon') {
    return [
      {
        id: `${source} fill`,
        type: 'fill',
        source,
        layout: { visibility },
        paint: {
          // An area without a level is land; one with a level is coloured by it.
          'fill-color': ['case', ['==', ['get', 'level'], null], '#ffffff', ['coalesce', ['get', 'colour'], '#ffffff']],
          'fill-opacity': ['case', ['==', ['get', 'level'], null], dark() ? 0.05 : 0.6, 0.45],
        },
      },
      {
        id: `${source} edge`,
        type: 'line',
        source,
        layout: { visibility, 'line-join': 'round' },
        paint: {
          'line-color': ['coalesce', ['get', 'colour'], '#8fa6aa'],
          'line-width': ['case', ['get', 'labelled'], 1.4, 0.5],
          'line-opacity': ['case', ['get', 'labelled'], 0.9, 0.7],
        },
      },
      nameLayer(`${source} name`, `${source} names`, visibility, 0, [0, 0]),
    ]
  }
  return [
    {
      // Under the symbols of every layer: what is well must not hide what is not.
      id: `${source}${CALM}`,
      type: 'symbol',
      source,
      maxzoom: NEAR_ZOOM,
      layout: { visibility, 'icon-image': ['get', 'far'], 'icon-allow-overlap': true, 'icon-ignore-placement': true },
      filter: ['get', 'calm'],
    },
    nameLayer(`${source} name`, source, visibility, NAMES_FROM_ZOOM, [0, 22]),
    {
      id: `${source} symbol`,
      type: 'symbol',
      source,
      layout: {
        visibility,
        'icon-image': ['get', 'symbol'],
        'icon-allow-overlap': true,
        // Names of areas are not chased away by symbols.
        'icon-ignore-placement': true,
        'symbol-sort-key': ['get', 'rank'],
      },
      filter: ['any', ['!', ['get', 'calm']], ['>=', ['zoom'], NEAR_ZOOM]],
    },
  ]
}

function nameLayer(
  id: string,
  source: string,
  visibility: 'visible' | 'none',
  minzoom: number,
  offset: [number, number],
): AddLayerObject {
  return {
    id,
    type: 'symbol',
    source,
    minzoom,
    layout: { visibility, 'icon-image': ['get', 'name'], 'icon-offset': offset, 'icon-padding': 4 },
  }
}
