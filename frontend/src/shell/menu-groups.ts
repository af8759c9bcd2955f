const KEY = 'menu-groups'

/** The groups of the menu remember whether they are folded; a filter finds entries in all of them. */
export function startMenuGroups(): void {
  const groups = [...document.querySelectorAll<HTMLDetailsElement>('#menu details[data-group]')]
  if (!groups.length) return
  restore(groups)
  for (const group of groups) {
    group.querySelector('summary')?.addEventListener('click', () => setTimeout(() => remember(groups)))
  }
  const filter = document.querySelector<HTMLInputElement>('[data-menu-filter]')
  if (filter) startFilter(filter, groups)
}

function startFilter(filter: HTMLInputElement, groups: HTMLDetailsElement[]): void {
  let unfolded = groups.filter((group) => group.open)
  let filtered = false
  const show = () => {
    const words = filter.value.trim().toLowerCase()
    if (words && !filtered) unfolded = groups.filter((group) => group.open)
    apply(words, groups)
    if (!words && filtered) for (const group of groups) group.open = unfolded.includes(group)
    filtered = Boolean(words)
  }
  filter.hidden = false
  filter.addEventListener('input', show)
  filter.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && filter.value) {
      event.stopPropagation()
      filter.value = ''
      show()
    } else if (event.key === 'Enter' || event.key === 'ArrowDown') {
      event.preventDefault()
      const first = shownLinks(groups)[0]
      if (event.key === 'Enter' && filter.value) first?.click()
      else first?.focus()
    }
  })
  document.getElementById('menu')?.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    const links = shownLinks(groups)
    const at = links.indexOf(document.activeElement as HTMLAnchorElement)
    if (at < 0) return
    event.preventDefault()
    if (event.key === 'ArrowUp' && at === 0) filter.focus()
    else links[at + (event.key === 'ArrowDown' ? 1 : -1)]?.focus()
  })
}

function apply(words: string, groups: HTMLDetailsElement[]): void {
  let found = 0
  for (const group of groups) {
    let inGroup = 0
    for (const entry of group.querySelectorAll('li')) {
      entry.hidden = Boolean(words) && !entry.textContent?.toLowerCase().includes(words)
      if (!entry.hidden) inGroup += 1
    }
    group.hidden = inGroup === 0
    if (words) group.open = inGroup > 0
    found += inGroup
  }
  const none = document.querySelector<HTMLElement>('[data-menu-none]')
  if (none) none.hidden = found > 0
}

function shownLinks(groups: HTMLDetailsElement[]): HTMLAnchorElement[] {
  return groups
    .filter((group) => group.open && !group.hidden)
    .flatMap((group) => [...group.querySelectorAll<HTMLAnchorElement>('li:not([hidden]) a')])
}

function restore(groups: HTMLDetailsElement[]): void {
  const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Record<string, boolean>
  for (const group of groups) {
    const open = kept[group.dataset.group ?? '']
    if (open !== undefined) group.open = open || Boolean(group.querySelector('[aria-current]'))
  }
}

function remember(groups: HTMLDetailsElement[]): void {
  const state = Object.fromEntries(groups.map((group) => [group.dataset.group, group.open]))
  localStorage.setItem(KEY, JSON.stringify(state))
}
