import htmx, { type HtmxRequestCtx } from 'htmx.org'
import { element } from './dom'
import { announce, text } from './texts'

/** What happens when a fragment does not come: its place says so and offers to try again. */
export function startRequests(): void {
  document.addEventListener('htmx:response:error', (event) => failed((event as CustomEvent).detail?.ctx))
  document.addEventListener('htmx:error', (event) => failed((event as CustomEvent).detail?.ctx))
}

function failed(context?: HtmxRequestCtx): void {
  const status = context?.response?.status ?? 0
  if (!context || (status >= 400 && status < 500 && ![401, 403, 404, 429].includes(status))) return
  const slot = context.sourceElement.closest<HTMLElement>('[data-slot]')
  if (slot && slot === context.sourceElement) showRetry(slot)
  else showNotice(text('serverError'))
}

function showRetry(slot: HTMLElement): void {
  const button = element('button', { type: 'button', class: 'btn btn-small' }, text('retry'))
  const box = element('div', { class: 'card empty', role: 'alert' }, element('p', {}, text('failed')), button)
  button.addEventListener('click', () => {
    slot.replaceChildren(element('div', { class: 'card skeleton' }))
    void htmx.ajax('GET', slot.getAttribute('hx-get') ?? '', { source: slot, target: slot, swap: 'innerHTML' })
  })
  slot.replaceChildren(box)
}

function showNotice(message: string): void {
  document.getElementById('messages')?.replaceChildren(
    element('div', { class: 'notice notice-bad', role: 'alert' }, message),
  )
  announce(message)
}
