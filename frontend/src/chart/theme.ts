import { element } from '../shell/dom'

type Option = Record<string, unknown>

interface Hover {
  seriesName?: string
  seriesType?: string
  color?: unknown
  name?: string
  axisValueLabel?: string
  marker?: unknown
  value?: unknown
  data?: { tip?: string; unit?: string } | unknown
}

/** Puts the page's colours and font on an option that the server wrote, and gives it a tip without inline HTML. */
export function themed(option: Option, host: HTMLElement): Option {
  const style = getComputedStyle(host)
  const ink = style.getPropertyValue('--ink').trim()
  const soft = style.getPropertyValue('--ink-soft').trim()
  const line = style.getPropertyValue('--line').trim()
  const paper = style.getPropertyValue('--paper').trim()
  const axis = {
    axisLine: { lineStyle: { color: line } },
    axisTick: { lineStyle: { color: line } },
    axisLabel: { color: soft, hideOverlap: true },
    splitLine: { lineStyle: { color: line } },
    nameTextStyle: { color: soft },
  }
  return {
    ...option,
    animation: false,
    textStyle: { fontFamily: style.fontFamily, color: ink },
    xAxis: withDefaults(option.xAxis, axis),
    yAxis: withDefaults(option.yAxis, axis),
    calendar: withDefaults(option.calendar, {
      dayLabel: { color: soft },
      monthLabel: { color: soft },
      itemStyle: { color: 'transparent', borderColor: line },
      splitLine: { lineStyle: { color: soft } },
    }),
    series: withInk(option.series, ink),
    legend: withDefaults(option.legend, { textStyle: { color: ink } }),
    visualMap: withDefaults(option.visualMap, { textStyle: { color: ink } }),
    tooltip: {
      confine: true,
      backgroundColor: paper,
      borderColor: line,
      textStyle: { color: ink },
      ...(option.tooltip as Option | undefined),
      formatter: (hovers: Hover | Hover[]) => tip(Array.isArray(hovers) ? hovers : [hovers]),
    },
  }
}

function withDefaults(given: unknown, defaults: Option): unknown {
  if (given === undefined) return undefined
  if (Array.isArray(given)) return given.map((one) => withDefaults(one, defaults))
  return merged(defaults, given as Option)
}

/** Names beside the bands of a flow chart are written on the page itself, so in its ink. */
function withInk(series: unknown, ink: string): unknown {
  if (!Array.isArray(series)) return series
  return series.map((one: Option) => (one.type === 'sankey' ? merged({ label: { color: ink } }, one) : one))
}

function merged(base: Option, over: Option): Option {
  const result: Option = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const below = result[key]
    result[key] = isPlain(below) && isPlain(value) ? merged(below, value) : value
  }
  return result
}

function isPlain(value: unknown): value is Option {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Elements instead of a string: a string would carry inline styles, which the security policy refuses. */
function tip(hovers: Hover[]): HTMLElement {
  const box = element('div', { class: 'chart-tip' })
  const title = hovers[0]?.axisValueLabel
  if (title) box.append(element('strong', {}, title))
  for (const hover of hovers) box.append(element('div', {}, lineOf(hover)))
  return box
}

function lineOf(hover: Hover): string {
  const data = hover.data as { tip?: string } | undefined
  if (data && typeof data === 'object' && data.tip) return data.tip
  const value = Array.isArray(hover.value) ? hover.value.at(-1) : hover.value
  return `${hover.seriesName ?? hover.name ?? ''}  ${value ?? '—'}`
}
