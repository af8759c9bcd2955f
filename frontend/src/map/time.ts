import { element } from '../shell/dom'
import { clock, text } from '../shell/texts'

const HOURS = 72
const HOUR = 3_600_000
const STEP = 900

/** A slider over the last three days, hour by hour, that can play; the right end is the present. */
export class TimeSlider {
  private readonly range: HTMLInputElement
  private readonly shown = element('output')
  private readonly button = element('button', { type: 'button', class: 'btn btn-quiet' })
  private player: ReturnType<typeof setTimeout> | undefined

  constructor(
    host: HTMLElement,
    at: Date | undefined,
    private readonly changed: () => Promise<void>,
  ) {
    const behind = at ? Math.ceil((hourOf(new Date()).getTime() - at.getTime()) / HOUR) : 0
    this.range = element('input', {
      type: 'range',
      min: -HOURS,
      max: 0,
      step: 1,
      value: -Math.min(Math.max(behind, 0), HOURS),
      'aria-label': text('time'),
    })
    this.range.addEventListener('input', () => {
      this.stop()
      void this.moved()
    })
    this.button.addEventListener('click', () => (this.player ? this.stop() : this.play()))
    host.append(element('div', { class: 'map-time card' }, this.button, this.range, this.shown))
    this.stop()
    this.describe()
  }

  /** The instant looked at, on the hour, or undefined for the present. */
  at(): Date | undefined {
    const hours = Number(this.range.value)
    return hours < 0 ? new Date(hourOf(new Date()).getTime() + hours * HOUR) : undefined
  }

  private play(): void {
    if (this.range.value === '0') this.range.value = String(-HOURS)
    this.button.textContent = text('pause')
    const next = async (): Promise<void> => {
      await this.moved()
      if (!this.player) return
      if (this.range.value === '0') {
        this.stop()
        return
      }
      this.range.value = String(Number(this.range.value) + 1)
      this.player = setTimeout(() => void next(), STEP)
    }
    this.player = setTimeout(() => void next(), 0)
  }

  private stop(): void {
    clearTimeout(this.player)
    this.player = undefined
    this.button.textContent = text('play')
  }

  private async moved(): Promise<void> {
    this.describe()
    await this.changed()
  }

  private describe(): void {
    const at = this.at()
    const words = at ? clock(at) : text('now')
    this.shown.textContent = words
    this.range.setAttribute('aria-valuetext', words)
  }
}

function hourOf(at: Date): Date {
  return new Date(Math.floor(at.getTime() / HOUR) * HOUR)
}
