import { BarChart, HeatmapChart, LineChart, SankeyChart, ScatterChart } from 'echarts/charts'
import {
  AriaComponent,
  CalendarComponent,
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
} from 'echarts/components'
import { init, use, type EChartsType } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'
import { element, localAddress } from '../shell/dom'
import { text } from '../shell/texts'
import { Cursor, join } from './cursor'
import { dataTable, type Table } from './table'
import { themed } from './theme'

use([
  AriaComponent,
  BarChart,
  CalendarComponent,
  CanvasRenderer,
  DataZoomComponent,
  GridComponent,
  HeatmapChart,
  LegendComponent,
  LineChart,
  MarkAreaComponent,
  MarkLineComponent,
  SankeyChart,
  ScatterChart,
  TooltipComponent,
  VisualMapComponent,
])

interface Answer {
  option: Record<string, unknown>
  table: Table
}

/** Fills a `<figure data-chart-src>`: fetches its option and table, draws, resizes, refreshes. */
export function mount(host: HTMLElement): void {
  const url = localAddress(host.dataset.chartSrc)
  if (!url) return
  const figure = new ChartFigure(host, url)
  void figure.load()
  const period = Number(host.dataset.refresh)
  if (!period) return
  const timer = setInterval(() => {
    if (!host.isConnected) clearInterval(timer)
    else if (!document.hidden) void figure.load()
  }, period * 1000)
}

class ChartFigure {
  private readonly canvas = element('div', { class: 'chart-canvas', tabindex: 0, role: 'group' })
  private readonly state = element('div', { class: 'chart-state' }, text('loading'))
  private readonly table = element('div', { class: 'chart-table', hidden: true, tabindex: 0 })
  private readonly toggle = element('button', { type: 'button', class: 'btn btn-quiet btn-small' }, text('table'))
  private readonly tools = element('div', { class: 'chart-tools' }, this.toggle)
  private chart: EChartsType | undefined

  constructor(
    private readonly host: HTMLElement,
    private readonly url: string,
  ) {
    host.append(this.state, this.canvas, this.table, this.tools)
    this.canvas.setAttribute('aria-description', text('chartKeys'))
    new Cursor(this.canvas, () => this.chart)
    this.canvas.hidden = true
    this.tools.hidden = true
    this.toggle.setAttribute('aria-expanded', 'false')
    this.toggle.addEventListener('click', () => this.showTable(this.table.hasAttribute('hidden')))
    new ResizeObserver(() => this.chart?.resize()).observe(host)
  }

  async load(): Promise<void> {
    try {
      const response = await fetch(this.url, { headers: { Accept: 'application/json' } })
      if (!response.ok) throw new Error(String(response.status))
      this.draw((await response.json()) as Answer)
    } catch {
      // A drawing that is there stays: old numbers with their times are better than none.
      if (!this.chart) this.showError()
    }
  }

  private draw(answer: Answer): void {
    if (!answer.table.rows.length) {
      this.showState(element('p', {}, text('empty')))
      return
    }
    this.state.hidden = true
    this.tools.hidden = false
    this.canvas.hidden = !this.table.hidden
    if (!this.chart) {
      this.chart = init(this.canvas, undefined, { locale: document.documentElement.lang === 'en' ? 'EN' : 'ZH' })
      join(this.chart, this.host.dataset.group)
    }
    const { height, ...option } = answer.option
    if (typeof height === 'number') this.canvas.style.height = `${height}px`
    this.chart.setOption(themed(option, this.host), { notMerge: true })
    this.chart.resize()
    this.table.replaceChildren(dataTable(answer.table))
  }

  private showTable(shown: boolean): void {
    this.table.hidden = !shown
    this.canvas.hidden = shown
    this.toggle.textContent = text(shown ? 'chart' : 'table')
    this.toggle.setAttribute('aria-expanded', String(shown))
    if (!shown) this.chart?.resize()
  }

  private showError(): void {
    const retry = element('button', { type: 'button', class: 'btn btn-small' }, text('retry'))
    retry.addEventListener('click', () => void this.load())
    this.showState(element('p', { role: 'alert' }, text('failed')), retry)
  }

  private showState(...content: Node[]): void {
    this.state.replaceChildren(...content)
    this.state.hidden = false
    this.canvas.hidden = true
    this.tools.hidden = true
  }
}
