import type { Position } from 'geojson'
import { nameKey, symbolKey } from './symbols'
import type { Facts, LayerEntry, Thing, Things } from './types'

export type Bounds = [west: number, south: number, east: number, north: number]

/** Fetches a layer as it stands, or as it stood at an instant. */
export async function fetchThings(layer: LayerEntry, at: Date | undefined, signal: AbortSignal): Promise<Things> {
  const url = new URL(layer.url, window.location.origin)
  if (url.origin !== window.location.origin) throw new Error(`layer ${layer.code} is elsewhere`)
  if (layer.timed && at) url.searchParams.set('at', at.toISOString())
  const response = await fetch(url, { signal, headers: { Accept: 'application/geo+json, application/json' } })
  if (!response.ok) throw new Error(`${layer.code}: ${response.status}`)
  return (await response.json()) as Things
}

/** Layers with more features than this show what is as it should be without its text until one comes near. */
const CROWD = 12
const RANK = { bad: 3, warn: 2, stale: 1, ok: 0 }

/** The features as the map draws them: each knows its images, and how urgently it has to be seen. */
export function drawable(things: Things): GeoJSON.FeatureCollection {
  const crowded = things.features.length > CROWD
  return {
    type: 'FeatureCollection',
    features: things.features
      .map((thing, index) => ({
        ...thing,
        id: index,
        properties: {
          index,
          colour: thing.properties.colour ?? null,
          level: thing.properties.level ?? null,
          labelled: Boolean(thing.properties.label),
          rank: RANK[thing.properties.status ?? 'ok'],
          symbol: symbolKey(thing.properties),
          calm: crowded && isCalm(thing.properties),
          far: symbolKey({ ...thing.properties, label: '' }),
          name: nameKey(thing.properties.name),
        },
      }))
      .filter((thing) => thing.geometry),
  }
}

function isCalm(facts: Facts): boolean {
  return facts.level == null && (facts.status === 'ok' || facts.status === 'stale')
}

/** One point per area that has a label, where the label is written. */
export function namePlaces(things: Things): GeoJSON.FeatureCollection {
  const features = things.features.flatMap((thing, index): GeoJSON.Feature[] => {
    const { label } = thing.properties
    if (!label || !thing.geometry) return []
    const geometry = { type: 'Point' as const, coordinates: place(thing) }
    return [{ type: 'Feature', geometry, properties: { index, name: nameKey(label) } }]
  })
  return { type: 'FeatureCollection', features }
}

/** The point itself, the middle of a line, or the centre of gravity of the largest ring. */
export function place(thing: Thing): Position {
  const geometry = thing.geometry
  if (geometry.type === 'Point') return geometry.coordinates
  if (geometry.type === 'Polygon') return centreOf(geometry.coordinates[0] ?? [])
  if (geometry.type === 'MultiPolygon') {
    const rings = geometry.coordinates.map((polygon) => polygon[0] ?? [])
    return centreOf(rings.reduce((best, ring) => (Math.abs(areaOf(ring)) > Math.abs(areaOf(best)) ? ring : best), []))
  }
  const all = [...positions(thing)]
  return all[Math.floor(all.length / 2)] ?? [0, 0]
}

function areaOf(ring: Position[]): number {
  return edges(ring).reduce((sum, [a, b]) => sum + cross(a, b), 0) / 2
}

function centreOf(ring: Position[]): Position {
  const area = areaOf(ring)
  if (!area) return ring[0] ?? [0, 0]
  const sum = edges(ring).reduce(
    ([x, y], [a, b]) => {
      const weight = cross(a, b)
      return [x + ((a[0] ?? 0) + (b[0] ?? 0)) * weight, y + ((a[1] ?? 0) + (b[1] ?? 0)) * weight] as [number, number]
    },
    [0, 0] as [number, number],
  )
  return [sum[0] / (6 * area), sum[1] / (6 * area)]
}

function edges(ring: Position[]): [Position, Position][] {
  return ring.slice(1).map((point, index) => [ring[index] as Position, point])
}

function cross(a: Position, b: Position): number {
  return (a[0] ?? 0) * (b[1] ?? 0) - (b[0] ?? 0) * (a[1] ?? 0)
}

export function boundsOf(collections: Things[]): Bounds | undefined {
  const bounds: Bounds = [Infinity, Infinity, -Infinity, -Infinity]
  for (const things of collections) {
    for (const thing of things.features) {
      for (const [x = 0, y = 0] of positions(thing)) {
        bounds[0] = Math.min(bounds[0], x)
        bounds[1] = Math.min(bounds[1], y)
        bounds[2] = Math.max(bounds[2], x)
        bounds[3] = Math.max(bounds[3], y)
      }
    }
  }
  return Number.isFinite(bounds[0]) ? bounds : undefined
}

function* positions(thing: Thing): Generator<Position> {
  if (thing.geometry && 'coordinates' in thing.geometry) yield* flat(thing.geometry.coordinates)
}

function* flat(nested: unknown): Generator<Position> {
  if (!Array.isArray(nested)) return
  if (typeof nested[0] === 'number') yield nested as Position
  else for (const inner of nested) yield* flat(inner)
}
