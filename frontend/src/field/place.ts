/** Where a point lies, without a network: the grid cell and the nearest plant of the kept register. */
import type { Boot, Cell, Facility } from './sync.ts'

type Point = [number, number]
const METRES_PER_DEGREE = 111_195

export function rings(cell: Cell): Point[][] {
  const { type, coordinates } = cell.boundary
  return type === 'MultiPolygon' ? (coordinates as Point[][][]).flat() : (coordinates as Point[][])
}

/** Even-odd rule over all rings, so that holes are outside. */
export function inside(cell: Cell, [x, y]: Point): boolean {
  let odd = false
  for (const ring of rings(cell)) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [x1, y1] = ring[i]!
      const [x2, y2] = ring[j]!
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) odd = !odd
    }
  }
  return odd
}

export const cellOf = (boot: Boot, point: Point): Cell | undefined => boot.cells.find((cell) => inside(cell, point))

export function metres(one: Point, other: Point): number {
  const shrink = Math.cos((one[1] * Math.PI) / 180)
  return Math.hypot((one[0] - other[0]) * shrink, one[1] - other[1]) * METRES_PER_DEGREE
}

export function nearest(boot: Boot, point: Point): Facility | undefined {
  const ranked = boot.facilities
    .map((facility) => ({ facility, away: metres(point, [facility.longitude, facility.latitude]) }))
    .filter(({ away }) => away <= boot.limits.near_metres)
  return ranked.sort((one, other) => one.away - other.away)[0]?.facility
}

export interface Fix {
  longitude: number
  latitude: number
  accuracy: number
}

/** Follows the position for eight seconds and tells of every better one; `undefined` says there is none. */
export function warmUp(told: (fix: Fix | undefined) => void): () => void {
  if (!navigator.geolocation) {
    told(undefined)
    return () => undefined
  }
  let best = Infinity
  const watch = navigator.geolocation.watchPosition(
    ({ coords }) => {
      if (coords.accuracy > best) return
      best = coords.accuracy
      told({ longitude: coords.longitude, latitude: coords.latitude, accuracy: coords.accuracy })
    },
    () => best === Infinity && told(undefined),
    { enableHighAccuracy: true, timeout: 8000, maximumAge: 10_000 },
  )
  const stop = (): void => navigator.geolocation.clearWatch(watch)
  setTimeout(stop, 8000)
  return stop
}
