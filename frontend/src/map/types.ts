import type { Feature, FeatureCollection, Geometry } from 'geojson'

/** A layer as `/map/layers.json` lists it. */
export interface LayerEntry {
  code: string
  name: string
  url: string
  geometry: 'point' | 'line' | 'polygon'
  timed: boolean
  visible: boolean
  order: number
}

/** What every feature of a layer says about itself. */
export interface Facts {
  id: string
  name: string
  label?: string
  value?: number | string | null
  unit?: string
  level?: number | null
  colour?: string
  text_colour?: string
  shape?: 'circle' | 'square' | 'triangle' | 'diamond'
  status?: 'ok' | 'stale' | 'warn' | 'bad'
  url?: string
  lines?: [string, string | number | null][]
  at?: string
}

export type Thing = Feature<Geometry, Facts>
export type Things = FeatureCollection<Geometry, Facts>
