/** What the address of the map keeps: centre, zoom, layers, time. */
export interface MapState {
  centre?: [number, number]
  zoom?: number
  layers?: string[]
  at?: Date
}

export function readState(search: string): MapState {
  const query = new URLSearchParams(search)
  const state: MapState = {}
  const centre = query.get('c')?.split(',').map(Number)
  if (centre?.length === 2 && centre.every(Number.isFinite)) state.centre = [centre[0] ?? 0, centre[1] ?? 0]
  const zoom = Number(query.get('z') ?? NaN)
  if (Number.isFinite(zoom)) state.zoom = zoom
  const layers = query.get('layers')
  if (layers !== null) state.layers = layers.split(',').filter(Boolean)
  const at = new Date(query.get('at') ?? NaN)
  if (!Number.isNaN(at.getTime())) state.at = at
  return state
}

export function writeState(state: MapState): void {
  const query = new URLSearchParams(window.location.search)
  const put = (name: string, value: string | undefined) => (value === undefined ? query.delete(name) : query.set(name, value))
  put('c', state.centre?.map((degree) => degree.toFixed(4)).join(','))
  put('z', state.zoom?.toFixed(2))
  put('layers', state.layers?.join(','))
  put('at', state.at?.toISOString())
  history.replaceState(null, '', `${window.location.pathname}?${query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':')}`)
}
