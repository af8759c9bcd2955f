import { element, localAddress } from './dom'
import { age, clock, text } from './texts'

interface LiveEvent {
  id: number
  at: string
  kind: string
  text: string
  url?: string
  severity?: number
}

const KEPT = 40
const SEVERITIES = ['notice', 'ordinary', 'grave', 'urgent']
const BADGES = ['badge-info', 'badge-info', 'badge-warn', 'badge-bad']

/**
 * Follows the live stream: the list where the page shows one, the bell everywhere; every event also reaches
 * the page as `live-<kind>`. A page without a list lets go of the stream while nobody looks at it: browsers
 * keep few connections to a host.
 */
export function startLive(): void {
  const list = document.querySelector<HTMLOListElement>('[data-live]')
  const url = document.body.dataset.liveUrl
  const always = Boolean(list || document.querySelector('[data-full]'))
  if (!url || !(always || document.querySelector('[data-bell]'))) return
  const seen = new Set<number>()
  let source: EventSource | undefined
  const open = () => {
    source ??= follow(url, list, seen)
  }
  const close = () => {
    source?.close()
    source = undefined
  }
  if (always || document.visibilityState === 'visible') open()
  if (!always) {
    document.addEventListener('visibilitychange', () => (document.visibilityState === 'visible' ? open() : close()))
  }
  window.addEventListener('pagehide', close)
  if (list) setInterval(() => showAges(list), 30_000)
}

function follow(url: string, list: HTMLOListElement | null, seen: Set<number>): EventSource {
  const source = new EventSource(url)
  source.addEventListener('open', () => {
    showState(true)
    if (!seen.size) list?.replaceChildren(element('li', { class: 'empty' }, text('liveEmpty')))
  })
  source.addEventListener('error', () => showState(false))
  source.addEventListener('message', (message) => {
    const event = JSON.parse(message.data as string) as LiveEvent
    if (seen.has(event.id)) return
    if (list && event.kind !== 'message') put(list, event, !list.querySelector('.live-item'))
    seen.add(event.id)
    document.body.dispatchEvent(new CustomEvent(`live-${event.kind}`, { detail: event }))
  })
  return source
}

function put(list: HTMLElement, event: LiveEvent, first: boolean): void {
  if (first) list.replaceChildren()
  list.prepend(item(event))
  while (list.children.length > KEPT) list.lastElementChild?.remove()
}

function item(event: LiveEvent): HTMLLIElement {
  const at = new Date(event.at)
  const severity = Math.min(Math.max(event.severity ?? 1, 1), SEVERITIES.length) - 1
  const url = localAddress(event.url)
  return element(
    'li',
    { class: `live-item severity-${severity + 1}` },
    element('time', { datetime: event.at, title: clock(at) }, age(at, new Date())),
    element(
      'span',
      {},
      element('span', { class: `badge ${BADGES[severity]}` }, text(SEVERITIES[severity] ?? 'notice')),
      ' ',
      url ? element('a', { href: url }, event.text) : event.text,
    ),
  )
}

function showAges(list: HTMLElement): void {
  for (const time of list.querySelectorAll('time')) time.textContent = age(new Date(time.dateTime), new Date())
}

function showState(connected: boolean): void {
  for (const badge of document.querySelectorAll('[data-live-badge]')) {
    badge.className = `badge ${connected ? 'badge-ok' : 'badge-warn'}`
    badge.textContent = text(connected ? 'liveOpen' : 'liveLost')
  }
}
