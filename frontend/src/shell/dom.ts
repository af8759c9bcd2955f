type Attributes = Record<string, string | number | boolean | undefined>
type Child = Node | string | null | undefined

/** Makes an element; attributes that are false or undefined are left out. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined) continue
    made.setAttribute(name, value === true ? '' : String(value))
  }
  made.append(...children.filter((child): child is Node | string => child !== null && child !== undefined))
  return made
}

/** Addresses from data are followed only inside this site. */
export function localAddress(url: string | undefined | null): string | undefined {
  return url && url.startsWith('/') && !url.startsWith('//') ? url : undefined
}
