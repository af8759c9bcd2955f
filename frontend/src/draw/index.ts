/** Draws one outline over the areas and zones that are there; what is drawn is written as GeoJSON into a field. */
import type { Position } from 'geojson'

type Shape = 'Polygon' | 'LineString'
interface Face {
  west: number
  north: number
  scale: number
}

const WIDTH = 900
const HEIGHT = 520
const SVG = 'http://www.w3.org/2000/svg'
const english = document.documentElement.lang.startsWith('en')
const t = (zh: string, en: string): string => (english ? en : zh)

export function mount(host: HTMLElement): void {
  const field = document.getElementById(host.dataset['into'] ?? '') as HTMLTextAreaElement
  const svg = node('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'draw', tabindex: '0', role: 'img', 'aria-label': t('画图区', 'Drawing area') })
  const [ground, drawn] = [node('g', {}), node('g', {})]
  svg.append(ground, drawn)
  const face: Face = { west: 125.6, north: 44.8, scale: WIDTH / 2.4 }
  let points: Position[] = []
  let shape: Shape = 'Polygon'
  let holding: number | 'ground' | undefined
  let start: [number, number, number, number] = [0, 0, 0, 0]
  let moved = false
  const backdrop: [Position[][], string][] = []
  const squeeze = (): number => Math.cos((face.north * Math.PI) / 180)
  const out = ([lon = 0, lat = 0]: Position): [number, number] => [(lon - face.west) * face.scale * squeeze(), (face.north - lat) * face.scale]
  const back = (x: number, y: number): Position => [round(face.west + x / face.scale / squeeze()), round(face.north - y / face.scale)]
  const at = (event: { clientX: number; clientY: number }): [number, number] => {
    const box = svg.getBoundingClientRect()
    return [((event.clientX - box.left) * WIDTH) / box.width, ((event.clientY - box.top) * HEIGHT) / box.height]
  }
  const path = (rings: Position[][], closed: boolean): string =>
    rings.map((ring) => `M${ring.map((point) => out(point).map((n) => n.toFixed(1)).join(' ')).join('L')}${closed ? 'Z' : ''}`).join('')
  const render = (): void => {
    ground.replaceChildren(...backdrop.map(([rings, kind]) => node('path', { d: path(rings, true), class: `draw-${kind}`, 'fill-rule': 'evenodd' })))
    drawn.replaceChildren()
    if (points.length > 1) drawn.append(node('path', { d: path([points], shape === 'Polygon'), class: `draw-own draw-own-${shape}` }))
    points.forEach((point, index) => {
      const [cx, cy] = out(point)
      drawn.append(node('circle', { cx: `${cx}`, cy: `${cy}`, r: '7', class: 'draw-corner', 'data-index': `${index}` }))
    })
  }
  const write = (): void => {
    const enough = points.length >= (shape === 'Polygon' ? 3 : 2)
    const coordinates = shape === 'Polygon' ? [[...points, points[0]!]] : points
    field.value = enough ? JSON.stringify({ type: shape, coordinates }) : ''
    render()
  }
  svg.addEventListener('pointerdown', (event) => {
    const index = (event.target as Element).getAttribute('data-index')
    holding = index === null ? 'ground' : Number(index)
    start = [...at(event), face.west, face.north]
    moved = false
    svg.setPointerCapture(event.pointerId)
  })
  svg.addEventListener('pointermove', (event) => {
    if (holding === undefined) return
    const [x, y] = at(event)
    if (Math.hypot(x - start[0], y - start[1]) > 4) moved = true
    if (!moved) return
    if (holding === 'ground') {
      face.west = start[2] - (x - start[0]) / face.scale / squeeze()
      face.north = start[3] + (y - start[1]) / face.scale
      render()
    } else {
      points[holding] = back(x, y)
      write()
    }
  })
  svg.addEventListener('pointerup', (event) => {
    if (holding === 'ground' && !moved) {
      points.push(back(...at(event)))
      write()
    }
    holding = undefined
  })
  svg.addEventListener('wheel', (event) => {
    event.preventDefault()
    zoom(event.deltaY < 0 ? 1.25 : 0.8, at(event))
  }, { passive: false }) // prettier-ignore
  const zoom = (factor: number, [x, y]: [number, number]): void => {
    const [lon = 0, lat = 0] = back(x, y)
    face.scale = Math.min(60_000, Math.max(100, face.scale * factor))
    face.north = lat + y / face.scale
    face.west = lon - x / face.scale / squeeze()
    render()
  }
  field.addEventListener('change', () => {
    points = read(field.value)
    render()
  })
  const choose = (to: Shape) => (): void => {
    shape = to
    write()
  }
  const middle: [number, number] = [WIDTH / 2, HEIGHT / 2]
  host.replaceChildren(
    row(
      button(t('面', 'Area'), choose('Polygon')), button(t('折线', 'Line'), choose('LineString')),
      button(t('撤销一点', 'Undo a point'), () => { points.pop(); write() }),
      button(t('清空', 'Clear'), () => { points = []; write() }),
      button('＋', () => zoom(1.5, middle)), button('－', () => zoom(1 / 1.5, middle)),
    ),
    svg,
  ) // prettier-ignore
  points = read(field.value)
  render()
  for (const kind of ['areas', 'zones']) {
    void rings(host.dataset[kind]).then((found) => {
      for (const one of found) backdrop.push([one, kind])
      if (kind === 'areas') fit(found, face)
      render()
    })
  }
}

async function rings(address: string | undefined): Promise<Position[][][]> {
  if (!address) return []
  const response = await fetch(address, { headers: { Accept: 'application/geo+json, application/json' } })
  if (!response.ok) return []
  const found = (await response.json()) as GeoJSON.FeatureCollection
  return found.features.flatMap(({ geometry }) =>
    geometry?.type === 'Polygon' ? [geometry.coordinates] : geometry?.type === 'MultiPolygon' ? geometry.coordinates : [],
  )
}

function fit(found: Position[][][], face: Face): void {
  const all = found.flat(2)
  if (all.length === 0) return
  const [lon, lat] = [all.map((point) => point[0] ?? 0), all.map((point) => point[1] ?? 0)]
  const least = (values: number[]): number => values.reduce((a, b) => Math.min(a, b))
  const most = (values: number[]): number => values.reduce((a, b) => Math.max(a, b))
  face.west = least(lon)
  face.north = most(lat)
  const squeeze = Math.cos((face.north * Math.PI) / 180)
  face.scale = Math.min(WIDTH / (most(lon) - face.west) / squeeze, HEIGHT / (face.north - least(lat)))
}

function read(text: string): Position[] {
  try {
    const told = JSON.parse(text) as GeoJSON.Geometry
    if (told.type === 'Polygon') return (told.coordinates[0] ?? []).slice(0, -1)
    return told.type === 'LineString' ? told.coordinates : []
  } catch {
    return []
  }
}

const round = (value: number): number => Math.round(value * 1e6) / 1e6

function node(name: string, attributes: Record<string, string>): SVGElement {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

function row(...children: HTMLElement[]): HTMLElement {
  const made = document.createElement('div')
  made.className = 'row'
  made.append(...children)
  return made
}

function button(text: string, press: () => void): HTMLButtonElement {
  const made = document.createElement('button')
  Object.assign(made, { type: 'button', className: 'btn btn-small', textContent: text, onclick: press })
  return made
}
