import { element, localAddress } from '../shell/dom'
import { clock, text } from '../shell/texts'
import type { Facts } from './types'

/** The card of a feature: name, value, lines, and the way to its record. */
export function popupContent(facts: Facts): HTMLElement {
  const url = localAddress(facts.url)
  const at = facts.at ? new Date(facts.at) : undefined
  return element(
    'div',
    { class: 'map-popup' },
    element('strong', {}, facts.name),
    lines(facts),
    at && !Number.isNaN(at.getTime()) ? element('time', { class: 'muted', datetime: facts.at }, clock(at)) : null,
    url ? element('a', { href: url }, text('open')) : null,
  )
}

function lines(facts: Facts): HTMLElement | null {
  const rows = facts.lines?.length ? facts.lines : facts.value != null ? [['', valueOf(facts)] as [string, string]] : []
  if (!rows.length) return null
  const list = element('dl', { class: 'kv' })
  for (const [key, value] of rows) list.append(element('dt', {}, key), element('dd', {}, value === null ? '—' : String(value)))
  return list
}

export function valueOf(facts: Facts): string {
  return facts.value == null ? '—' : `${facts.value} ${facts.unit ?? ''}`.trim()
}
