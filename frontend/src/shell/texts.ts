let texts: Record<string, string> | undefined

/** The words of the page's language, which the server wrote into the page; `{n}` is replaced. */
export function text(key: string, n?: number | string): string {
  texts ??= JSON.parse(document.getElementById('i18n')?.textContent ?? '{}') as Record<string, string>
  const found = texts[key] ?? key
  return n === undefined ? found : found.replace('{n}', String(n))
}

const CLOCK = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Asia/Shanghai',
  dateStyle: 'short',
  timeStyle: 'short',
})

/** An instant on the wall clock of the city: `2026-11-20 08:00`. */
export function clock(at: Date): string {
  return CLOCK.format(at)
}

/** How long ago an instant was, in words. */
export function age(at: Date, now: Date): string {
  const minutes = Math.floor((now.getTime() - at.getTime()) / 60_000)
  if (minutes < 1) return text('justNow')
  if (minutes < 60) return text('minutesAgo', minutes)
  if (minutes < 48 * 60) return text('hoursAgo', Math.floor(minutes / 60))
  return clock(at)
}

/** Tells screen readers, politely. */
export function announce(message: string): void {
  const region = document.getElementById('announce')
  if (region) region.textContent = message
}
