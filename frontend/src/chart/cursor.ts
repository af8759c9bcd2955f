import { connect, type EChartsType } from 'echarts/core'
import { announce } from '../shell/texts'

interface Line {
  data?: unknown[]
}

/** Charts of one group show the same instant, and are zoomed together. */
export function join(chart: EChartsType, group: string | undefined): void {
  if (!group) return
  chart.group = group
  connect(group)
}

/** Arrow keys move the cursor from value to value; Home and End go to the ends, Escape puts it away. */
export class Cursor {
  private at = -1

  constructor(
    private readonly canvas: HTMLElement,
    private readonly chart: () => EChartsType | undefined,
  ) {
    canvas.addEventListener('keydown', (event) => this.key(event))
    canvas.addEventListener('blur', () => this.hide())
  }

  private key(event: KeyboardEvent): void {
    const chart = this.chart()
    if (!chart) return
    const [line, length] = longest(chart)
    const next = target(event, this.at, length)
    if (event.key === 'Escape') this.hide()
    if (next === undefined || !length) return
    event.preventDefault()
    this.at = next
    chart.dispatchAction({ type: 'showTip', seriesIndex: line, dataIndex: next })
    requestAnimationFrame(() => this.say())
  }

  private hide(): void {
    this.at = -1
    this.chart()?.dispatchAction({ type: 'hideTip' })
  }

  private say(): void {
    const tip = this.canvas.querySelector('.chart-tip')
    if (tip) announce([...tip.children].map((one) => one.textContent).join('; '))
  }
}

function target(event: KeyboardEvent, at: number, length: number): number | undefined {
  const step = event.shiftKey ? 10 : 1
  switch (event.key) {
    case 'ArrowRight':
      return Math.min(at + step, length - 1)
    case 'ArrowLeft':
      return at < 0 ? length - 1 : Math.max(at - step, 0)
    case 'Home':
      return 0
    case 'End':
      return length - 1
    default:
      return undefined
  }
}

/** The series with the most values: its times are the ones to go through. */
function longest(chart: EChartsType): [number, number] {
  const series = (chart.getOption() as { series?: Line[] }).series ?? []
  const lengths = series.map((one) => one.data?.length ?? 0)
  const most = Math.max(0, ...lengths)
  return [Math.max(0, lengths.indexOf(most)), most]
}
