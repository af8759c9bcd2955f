/** The service worker: keeps the shell and its files; the API always goes to the network. */
interface Kept {
  version: string
  shell: string
  files: string[]
}
interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface Fetching extends Extendable {
  request: Request
  respondWith(answer: Promise<Response>): void
}
interface Scope {
  KEPT: Kept
  skipWaiting(): Promise<void>
  clients: { claim(): Promise<void>; matchAll(): Promise<{ postMessage(message: string): void }[]> }
  addEventListener(name: string, listener: (event: never) => void): void
}

const scope = self as unknown as Scope
const { version, shell, files } = scope.KEPT
const CACHE = `field-${version}`

async function keepShell(): Promise<void> {
  const response = await fetch(shell, { cache: 'no-store' })
  if (response.ok && !response.redirected) await (await caches.open(CACHE)).put(shell, response)
}

async function install(): Promise<void> {
  await (await caches.open(CACHE)).addAll(files)
  await keepShell().catch(() => undefined)
}

async function activate(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith('field-') && name !== CACHE)
  await Promise.all(old.map((name) => caches.delete(name)))
  await scope.clients.claim()
}

async function page(request: Request): Promise<Response> {
  try {
    const response = await fetch(request)
    if (response.ok && response.type === 'basic') await (await caches.open(CACHE)).put(shell, response.clone())
    return response
  } catch (error) {
    const copy = await caches.match(shell)
    if (copy) return copy
    throw error
  }
}

const fromCache = async (request: Request): Promise<Response> => (await caches.match(request)) ?? fetch(request)

scope.addEventListener('install', (event: Extendable) => event.waitUntil(install()))
scope.addEventListener('activate', (event: Extendable) => event.waitUntil(activate()))
scope.addEventListener('message', (event: MessageEvent) => event.data === 'take-over' && void scope.skipWaiting())
scope.addEventListener('sync', (event: Extendable) =>
  event.waitUntil(scope.clients.matchAll().then((all) => all.forEach((one) => one.postMessage('send')))),
)
scope.addEventListener('fetch', (event: Fetching) => {
  const address = new URL(event.request.url)
  if (event.request.method !== 'GET' || address.origin !== location.origin) return
  if (event.request.mode === 'navigate' && address.pathname === shell) event.respondWith(page(event.request))
  else if (files.includes(address.pathname)) event.respondWith(fromCache(event.request))
})

export {}
