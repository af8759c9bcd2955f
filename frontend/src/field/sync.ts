/** Sends what is kept, in order, one at a time, until the server has confirmed each under its key. */
import * as db from './db.ts'
import type { Item } from './db.ts'

export interface Action {
  code: string
  name_zh: string
  name_en: string
  needs: string[]
}
export interface Kept {
  url: string
  kind: string
  taken_at: string | null
  longitude: number | null
  latitude: number | null
}
export interface Step {
  name_zh: string
  name_en: string
  by: string
  at: string
  text: string
  photos: Kept[]
}
export interface Task {
  number: string
  title_zh: string
  title_en: string
  description: string
  severity: number
  state_zh: string
  state_en: string
  due_at: string | null
  longitude: number | null
  latitude: number | null
  seen: number
  page: string
  history?: Step[]
  actions: Action[]
  candidates?: { id: number; name: string }[]
  proposed?: number | null
  reasons?: { code: string; name_zh: string; name_en: string }[]
}
export interface Question {
  code: string
  question_zh: string
  question_en: string
  basis: string
  answer: string
  unit: string
  expected: string
}
export interface Facility {
  code: string
  name_zh: string
  name_en: string
  longitude: number
  latitude: number
}
export interface Cell {
  code: string
  name_zh: string
  name_en: string
  boundary: { type: string; coordinates: unknown }
}
export interface Boot {
  version: string
  person: { id: number; username: string; name: string }
  permissions: string[]
  cells: Cell[]
  facilities: Facility[]
  checklists: Record<string, Question[]>
  cases: Task[]
  todo: { title_zh: string; title_en: string; url: string; due_at: string | null; kind: string }[]
  limits: { photos: number; near_metres: number; text: number }
}
export type Link = 'online' | 'offline' | 'log-in'

const api = document.body.dataset['api'] ?? '/field/api/'
const LONGEST_WAIT = 300_000
export const link: { state: Link; offset: number } = { state: 'online', offset: 0 }
const heard = new EventTarget()
let token = ''
let tag = ''
let timer: number | undefined

export const onChange = (listener: () => void): void => heard.addEventListener('change', listener)
/** Tells that the server has answered something of the outbox, so that the tasks may be others now. */
export const onAnswered = (listener: () => void): void => heard.addEventListener('answered', listener)
const tell = (): boolean => heard.dispatchEvent(new Event('change'))
const become = (state: Link): void => {
  link.state = state
  tell()
}

/** Fetches the day's data; answers the copy where there is no network, undefined where there is none. */
export async function bootstrap(): Promise<Boot | undefined> {
  const user = await db.kept<number>('user')
  const copy = user === undefined ? undefined : await db.kept<Boot>(`boot:${user}`)
  try {
    const headers: Record<string, string> = { Accept: 'application/json' }
    if (copy && tag) headers['If-None-Match'] = tag
    const response = await fetch(`${api}bootstrap`, { headers, cache: 'no-store' })
    if (response.status === 401 || response.status === 403) {
      become('log-in')
      return copy
    }
    if (response.status !== 304 && !response.ok) throw new Error(String(response.status))
    token = response.headers.get('X-CSRF-Token') ?? token
    link.offset = Date.parse(response.headers.get('X-Server-Time') ?? '') - Date.now() || 0
    const boot = response.status === 304 && copy ? copy : ((await response.json()) as Boot)
    tag = response.headers.get('ETag') ?? ''
    await db.keep('user', boot.person.id)
    await db.keep(`boot:${boot.person.id}`, boot)
    become('online')
    return boot
  } catch {
    become('offline')
    return copy
  }
}

/** Asks a door for JSON; undefined without a network or where it refuses. */
export async function ask<T>(address: string): Promise<T | undefined> {
  try {
    const response = await fetch(address, { headers: { Accept: 'application/json' } })
    return response.ok ? ((await response.json()) as T) : undefined
  } catch {
    return undefined
  }
}
export const door = (name: string): string => `${api}${name}`

async function digest(file: File): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', await file.arrayBuffer())
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

let last = 0

/** Puts something into the outbox; resolves when it is on disk. */
export async function queue(
  user: number,
  kind: string,
  label: string,
  body: Record<string, unknown>,
  files: File[] = [],
  meta: Record<string, unknown> = {},
): Promise<string> {
  const found: db.Photo[] = []
  for (const file of files) {
    const taken = new Date(file.lastModified).toISOString()
    found.push({ sha256: await digest(file), name: file.name, size: file.size, meta: { ...meta, taken_at: taken } })
  }
  const photos = found.filter((photo, index) => found.findIndex((other) => other.sha256 === photo.sha256) === index)
  const originals = photos.map((photo) => files[found.indexOf(photo)]!)
  last = Math.max(last + 1, Date.now() * 1000)
  const key = crypto.randomUUID()
  const made: Item = {
    key, user, order: last, kind, label, photos, createdAt: Date.now(), createdTick: performance.now(),
    run: db.RUN, state: 'queued', attempts: 0, nextAt: 0, reasons: [],
    body: photos.length > 0 ? { ...body, photos: photos.map((photo) => photo.sha256) } : body,
  } // prettier-ignore
  await db.add(made, originals)
  tell()
  void registerSync()
  void send(user)
  return key
}

async function registerSync(): Promise<void> {
  const worker = await navigator.serviceWorker?.getRegistration()
  const sync = (worker as unknown as { sync?: { register(name: string): Promise<void> } } | undefined)?.sync
  await sync?.register('outbox').catch(() => undefined)
}

/** Sends all that is due; a second window waits its turn and then finds nothing left. */
export async function send(user: number): Promise<void> {
  if (!navigator.locks) return turn(user)
  await navigator.locks.request('jiangcheng-field-outbox', () => turn(user))
}

async function turn(user: number): Promise<void> {
  await db.tidy(user)
  const waiting = (await db.items(user)).filter((one) => one.state === 'queued' || one.state === 'sending')
  let answered = false
  for (const one of waiting) {
    if (one.nextAt > Date.now()) continue
    const going = await sendOne(one)
    tell()
    if (!going) break
    answered = true
  }
  if (answered) heard.dispatchEvent(new Event('answered'))
  schedule(user)
}

async function schedule(user: number): Promise<void> {
  clearTimeout(timer)
  const waiting = (await db.items(user)).filter((one) => one.state === 'queued' || one.state === 'sending')
  if (waiting.length === 0) return
  const soonest = Math.min(...waiting.map((one) => one.nextAt))
  timer = setTimeout(() => void send(user), Math.max(1000, soonest - Date.now()))
}

/** Lets what waits for a later try go now, as when the network is back. */
export async function hurry(user: number): Promise<void> {
  for (const one of await db.items(user)) if (one.state === 'queued' && one.nextAt > 0) await db.change(one.key, { nextAt: 0 })
  await send(user)
}

const headers = (user: number): Record<string, string> => ({
  Accept: 'application/json',
  'X-CSRFToken': token,
  'X-Person': String(user),
})

/** Age of an item [s]: by the monotonic clock within one run of the app, else by the wall clock. */
function age(one: Item): number {
  const passed = one.run === db.RUN ? performance.now() - one.createdTick : Date.now() - one.createdAt
  return passed / 1000
}

/** Returns whether the next item may be tried now. */
async function sendOne(one: Item): Promise<boolean> {
  await db.change(one.key, { state: 'sending' })
  tell()
  try {
    if (!token && !(await renewed())) return postpone(one)
    let answer = await attempt(one)
    if (answer.status === 403 && (await renewed())) answer = await attempt(one)
    return await settle(one, answer)
  } catch {
    become('offline')
    return postpone(one)
  }
}

async function renewed(): Promise<boolean> {
  token = ''
  tag = ''
  await bootstrap()
  return token !== ''
}

async function attempt(one: Item): Promise<Response> {
  for (const photo of one.photos) {
    const refused = await sendPhoto(one, photo)
    if (refused) return refused
  }
  const clock = { claimed_at: new Date(one.createdAt).toISOString(), sent_at: new Date().toISOString(), age: age(one) }
  return fetch(`${api}${one.kind}`, {
    method: 'POST',
    headers: {
      ...headers(one.user),
      'Content-Type': 'application/json',
      'Idempotency-Key': one.key,
      'X-Clock': JSON.stringify(clock),
    },
    body: JSON.stringify(one.body),
  })
}

async function sendPhoto(one: Item, photo: db.Photo): Promise<Response | undefined> {
  if (one.attempts > 0) {
    const known = await fetch(`${api}photos/${photo.sha256}`, { headers: headers(one.user) })
    if (known.ok) return undefined
  }
  const original = await db.file(one.key, photo.sha256)
  if (!original) return undefined
  const response = await fetch(`${api}photos`, {
    method: 'POST',
    headers: {
      ...headers(one.user),
      'Content-Type': original.type || 'application/octet-stream',
      'X-SHA256': photo.sha256,
      'X-Meta': JSON.stringify(photo.meta),
    },
    body: original,
  })
  return response.ok ? undefined : response
}

interface Problem {
  errors?: { field: string; rule: string }[]
  state?: Record<string, unknown>
}

async function settle(one: Item, response: Response): Promise<boolean> {
  if (response.ok) {
    const answer = (await response.json()) as Record<string, unknown>
    await db.change(one.key, { state: 'sent', answer, sentAt: Date.now(), reasons: [] })
    if (link.state !== 'online') become('online')
    return true
  }
  const problem = (await response.json().catch(() => ({}))) as Problem
  const reasons = (problem.errors ?? []).map((error) => error.rule)
  if (response.status === 401) {
    token = ''
    become('log-in')
    await db.change(one.key, { state: 'queued' })
    return false
  }
  if (response.status >= 500 || response.status === 429 || reasons.includes('missing_photo') || reasons.includes('hash') || reasons.length === 0) {
    await postpone(one)
    return response.status !== 429
  }
  const state = response.status === 409 && problem.state ? 'conflict' : 'refused'
  await db.change(one.key, { state, reasons, ...(problem.state ? { present: problem.state } : {}) })
  return true
}

async function postpone(one: Item): Promise<false> {
  const attempts = one.attempts + 1
  const wait = Math.min(LONGEST_WAIT, 1000 * 2 ** Math.min(attempts, 9)) * (0.75 + Math.random() / 2)
  await db.change(one.key, { state: 'queued', attempts, nextAt: Date.now() + wait })
  return false
}
