import type { Facts } from './types'

export type Shape = NonNullable<Facts['shape']>

interface Symbol {
  shape: Shape
  colour: string
  textColour: string
  label: string
  status: string
}

export const SCALE = 2
const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", system-ui, sans-serif'
const DEFAULT_COLOUR = '#8aa0a4'

/** The key of a drawn image; the map asks for an image by it. */
export function symbolKey(facts: Facts): string {
  return JSON.stringify([
    'symbol',
    facts.shape ?? 'circle',
    facts.colour ?? DEFAULT_COLOUR,
    facts.text_colour ?? '',
    facts.label ?? '',
    facts.status ?? 'ok',
  ])
}

export function nameKey(name: string): string {
  return JSON.stringify(['name', name])
}

/** Draws the image a key stands for: shape, colour and text together, so that colour is never the only sign. */
export function drawKey(key: string): ImageData | undefined {
  const parts = JSON.parse(key) as string[]
  if (parts[0] === 'name') return drawName(parts[1] ?? '')
  const [, shape, colour = DEFAULT_COLOUR, textColour, label = '', status = 'ok'] = parts
  return drawSymbol({
    shape: shape as Shape,
    colour,
    textColour: textColour || contrasting(colour),
    label,
    status,
  })
}

function drawSymbol(symbol: Symbol): ImageData | undefined {
  const font = `600 ${12 * SCALE}px ${FONT}`
  const text = measured(symbol.label, font)
  const height = (symbol.label ? 26 : 14) * SCALE
  const width = symbol.label ? Math.max(height, text + 14 * SCALE) : height
  const context = canvas(width + 4 * SCALE, height + 4 * SCALE)
  if (!context) return undefined
  context.translate(2 * SCALE, 2 * SCALE)
  outline(context, symbol.shape, width, height)
  context.fillStyle = symbol.colour
  context.fill()
  if (symbol.status === 'stale') hatch(context, width, height)
  context.lineWidth = (symbol.status === 'bad' ? 3 : 1.25) * SCALE
  context.strokeStyle = symbol.status === 'bad' ? '#7f1d1d' : 'rgba(0, 0, 0, 0.65)'
  outline(context, symbol.shape, width, height)
  context.stroke()
  context.font = font
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillStyle = symbol.textColour
  const drop = symbol.shape === 'triangle' ? 4 * SCALE : 0.5 * SCALE
  context.fillText(symbol.label, width / 2, height / 2 + drop)
  return context.getImageData(0, 0, context.canvas.width, context.canvas.height)
}

function drawName(name: string): ImageData | undefined {
  const font = `500 ${12 * SCALE}px ${FONT}`
  const width = measured(name, font) + 6 * SCALE
  const context = canvas(width, 18 * SCALE)
  if (!context) return undefined
  context.font = font
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.lineJoin = 'round'
  context.lineWidth = 3 * SCALE
  const dark = document.documentElement.classList.contains('wall')
  context.strokeStyle = dark ? 'rgba(14, 29, 32, 0.9)' : 'rgba(255, 255, 255, 0.9)'
  context.strokeText(name, width / 2, 9 * SCALE)
  context.fillStyle = dark ? '#dbe7e8' : '#2a4044'
  context.fillText(name, width / 2, 9 * SCALE)
  return context.getImageData(0, 0, context.canvas.width, context.canvas.height)
}

function outline(context: CanvasRenderingContext2D, shape: Shape, width: number, height: number): void {
  context.beginPath()
  if (shape === 'circle') context.roundRect(0, 0, width, height, height / 2)
  else if (shape === 'square') context.roundRect(0, 0, width, height, 4 * SCALE)
  else if (shape === 'diamond') corners(context, [0, height / 2], [height / 4, 0], [width - height / 4, 0], [width, height / 2], [width - height / 4, height], [height / 4, height])
  else corners(context, [width / 2, 0], [width, height], [0, height])
}

function corners(context: CanvasRenderingContext2D, ...points: [number, number][]): void {
  points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)))
  context.closePath()
}

/** A hatched symbol holds a number that is older than it should be. */
function hatch(context: CanvasRenderingContext2D, width: number, height: number): void {
  context.save()
  context.clip()
  context.strokeStyle = 'rgba(255, 255, 255, 0.7)'
  context.lineWidth = 2 * SCALE
  for (let x = -height; x < width; x += 6 * SCALE) {
    context.beginPath()
    context.moveTo(x, height)
    context.lineTo(x + height, 0)
    context.stroke()
  }
  context.restore()
}

function canvas(width: number, height: number): CanvasRenderingContext2D | null {
  const made = document.createElement('canvas')
  made.width = Math.ceil(width)
  made.height = Math.ceil(height)
  return made.getContext('2d')
}

function measured(label: string, font: string): number {
  const context = canvas(1, 1)
  if (!context) return 0
  context.font = font
  return context.measureText(label).width
}

/** Black or white, whichever stands out more (relative luminance of WCAG 2). */
function contrasting(colour: string): string {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour)
  if (!match) return '#111111'
  const [red = 0, green = 0, blue = 0] = match.slice(1).map((part) => {
    const channel = parseInt(part, 16) / 255
    return channel <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#111111' : '#ffffff'
}

/** A small swatch for the legend. */
export function swatch(target: HTMLCanvasElement, shape: Shape | 'line' | 'polygon', colour: string): void {
  const size = 18 * SCALE
  target.width = target.height = size
  const context = target.getContext('2d')
  if (!context) return
  context.fillStyle = colour
  context.strokeStyle = 'rgba(0, 0, 0, 0.6)'
  context.lineWidth = SCALE
  if (shape === 'line') {
    context.strokeStyle = colour
    context.lineWidth = 3 * SCALE
    context.beginPath()
    context.moveTo(0, size * 0.7)
    context.bezierCurveTo(size * 0.4, 0, size * 0.6, size, size, size * 0.3)
    context.stroke()
    return
  }
  const side = size - 6 * SCALE
  context.translate(3 * SCALE, 3 * SCALE)
  outline(context, shape === 'polygon' ? 'square' : shape, side, side)
  context.fill()
  context.stroke()
}
