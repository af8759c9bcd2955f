/** A light map: outlines of the cells, plants, tasks and the own position; drag, and buttons to zoom. */
import { h, svg } from './dom.ts'
import { rings } from './place.ts'
import type { Fix } from './place.ts'
import type { Boot } from './sync.ts'
import { named, t } from './texts.ts'

const SIDE = 1000

export function map(boot: Boot, here: Fix | undefined): HTMLElement {
  const all = boot.cells.flatMap((cell) => rings(cell).flat())
  if (all.length === 0) return h('p', { class: 'empty' }, t('没有可显示的网格。', 'There is no grid cell to show.'))
  const [west, east] = [Math.min(...all.map(([x]) => x)), Math.max(...all.map(([x]) => x))]
  const [south, north] = [Math.min(...all.map(([, y]) => y)), Math.max(...all.map(([, y]) => y))]
  const shrink = Math.cos((((south + north) / 2) * Math.PI) / 180)
  const scale = SIDE / Math.max((east - west) * shrink, north - south, 1e-6)
  const x = (longitude: number): number => (longitude - west) * shrink * scale
  const y = (latitude: number): number => (north - latitude) * scale
  const root = svg('svg', { class: 'map', role: 'img', 'aria-label': t('我的网格和任务', 'My cells and tasks') })
  const view = { x: -40, y: -40, side: SIDE + 80 }
  const look = (): void => root.setAttribute('viewBox', `${view.x} ${view.y} ${view.side} ${view.side}`)
  for (const cell of boot.cells) {
    const path = rings(cell).map((ring) => `M${ring.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join('L')}Z`)
    const shape = svg('path', { d: path.join(''), class: 'map-cell', 'fill-rule': 'evenodd' })
    shape.append(Object.assign(svg('title', {}), { textContent: named(cell) }))
    root.append(shape)
  }
  for (const plant of boot.facilities) {
    const dot = svg('rect', { x: x(plant.longitude) - 7, y: y(plant.latitude) - 7, width: 14, height: 14, class: 'map-plant' })
    dot.append(Object.assign(svg('title', {}), { textContent: named(plant) }))
    root.append(dot)
  }
  for (const task of boot.cases) {
    if (task.longitude === null || task.latitude === null) continue
    const link = svg('a', { href: `#task/${task.number}` })
    link.setAttribute('aria-label', named(task, 'title'))
    link.append(svg('circle', { cx: x(task.longitude), cy: y(task.latitude), r: 18, class: `map-task map-task-${task.severity}` }))
    root.append(link)
  }
  if (here) root.append(svg('circle', { cx: x(here.longitude), cy: y(here.latitude), r: 14, class: 'map-here' }))
  const zoom = (factor: number): void => {
    const side = Math.min(SIDE * 2, Math.max(40, view.side * factor))
    view.x += (view.side - side) / 2
    view.y += (view.side - side) / 2
    view.side = side
    look()
  }
  let from: PointerEvent | undefined
  root.addEventListener('pointerdown', (event) => (from = event))
  root.addEventListener('pointermove', (event) => {
    if (!from || event.buttons === 0) return
    const ratio = view.side / root.getBoundingClientRect().width
    view.x -= (event.clientX - from.clientX) * ratio
    view.y -= (event.clientY - from.clientY) * ratio
    from = event
    look()
  })
  look()
  return h('div', { class: 'map-box' }, root as unknown as Node,
    h('div', { class: 'map-tools' },
      h('button', { type: 'button', 'aria-label': t('放大', 'Zoom in'), onclick: () => zoom(0.6) }, '+'),
      h('button', { type: 'button', 'aria-label': t('缩小', 'Zoom out'), onclick: () => zoom(1.6) }, '−')))
}
