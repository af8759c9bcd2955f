const KEY = 'menu-collapsed'
const NARROW = '(max-width: 900px)'

/** The left menu: collapses to icons on wide screens, slides over the page on narrow ones. */
export function startMenu(): void {
  const button = document.querySelector<HTMLButtonElement>('[data-menu]')
  if (!button) return
  const narrow = window.matchMedia(NARROW)
  const body = document.body
  if (!narrow.matches && localStorage.getItem(KEY) === '1') body.classList.add('menu-collapsed')
  const show = () => {
    const open = narrow.matches ? body.classList.contains('menu-open') : !body.classList.contains('menu-collapsed')
    button.setAttribute('aria-expanded', String(open))
  }
  button.addEventListener('click', () => {
    if (narrow.matches) body.classList.toggle('menu-open')
    else localStorage.setItem(KEY, body.classList.toggle('menu-collapsed') ? '1' : '0')
    show()
    window.dispatchEvent(new Event('resize'))
  })
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    if (body.classList.contains('menu-open')) {
      body.classList.remove('menu-open')
      button.focus()
    }
    document.querySelector('details.usermenu[open]')?.removeAttribute('open')
    show()
  })
  document.getElementById('main')?.addEventListener('click', () => {
    body.classList.remove('menu-open')
    document.querySelector('details.usermenu[open]')?.removeAttribute('open')
    show()
  })
  narrow.addEventListener('change', show)
  show()
}
