/** What the phone keeps: things to send with their original files, and copies of what the server said. */
export type State = 'queued' | 'sending' | 'sent' | 'conflict' | 'refused'

export interface Photo {
  sha256: string
  name: string
  size: number
  meta: Record<string, unknown>
}

export interface Item {
  key: string
  user: number
  order: number
  kind: string
  label: string
  body: Record<string, unknown>
  photos: Photo[]
  /** The device's wall clock when the person acted [ms]. */
  createdAt: number
  /** The monotonic clock then [ms], valid within the run of the app that `run` names. */
  createdTick: number
  run: string
  state: State
  attempts: number
  nextAt: number
  reasons: string[]
  present?: Record<string, unknown>
  answer?: Record<string, unknown>
  sentAt?: number
}

const SENT_KEPT = 7 * 86_400_000
export const RUN = crypto.randomUUID()

let opening: Promise<IDBDatabase> | undefined

function open(): Promise<IDBDatabase> {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('jiangcheng-field', 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore('items', { keyPath: 'key' }).createIndex('user', 'user')
      request.result.createObjectStore('files', { keyPath: 'id' }).createIndex('item', 'item')
      request.result.createObjectStore('kept')
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  return opening
}

const STORES = ['items', 'files', 'kept']

/** Runs one transaction; resolves when it is on disk, with what `work` asked for last. */
async function run<T>(mode: IDBTransactionMode, work: (use: (name: string) => IDBObjectStore) => IDBRequest<T> | void): Promise<T> {
  const database = await open()
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORES, mode, { durability: 'strict' })
    const request = work((name) => transaction.objectStore(name))
    transaction.oncomplete = () => resolve(request ? request.result : (undefined as T))
    transaction.onabort = () => reject(transaction.error ?? new Error('aborted'))
    transaction.onerror = () => reject(transaction.error ?? new Error('failed'))
  })
}

export const items = async (user: number): Promise<Item[]> => {
  const found = await run<Item[]>('readonly', (use) => use('items').index('user').getAll(user))
  return found.sort((one, other) => one.order - other.order)
}
export const item = (key: string): Promise<Item | undefined> =>
  run<Item | undefined>('readonly', (use) => use('items').get(key))

/** Keeps a new item and the originals of its photos in one transaction: both or neither. */
export const add = (made: Item, files: File[]): Promise<void> =>
  run<void>('readwrite', (use) => {
    use('items').add(made)
    files.forEach((file, index) =>
      use('files').put({ id: `${made.key}/${made.photos[index]?.sha256}`, item: made.key, file }),
    )
  })

/** Changes an item if it is still there; two windows may both try. */
export const change = async (key: string, values: Partial<Item>): Promise<void> => {
  const found = await item(key)
  if (found) await run<IDBValidKey>('readwrite', (use) => use('items').put({ ...found, ...values }))
}

export const file = async (key: string, sha256: string): Promise<File | undefined> => {
  const row = await run<{ file: File } | undefined>('readonly', (use) => use('files').get(`${key}/${sha256}`))
  return row?.file
}

/** Puts an item under a new key, as after an edit: what was under the old one was never taken. */
export const rekey = async (old: Item, values: Partial<Item>): Promise<void> => {
  const files = (await Promise.all(old.photos.map((photo) => file(old.key, photo.sha256)))).filter((one) => one !== undefined)
  const made: Item = { ...old, state: 'queued', attempts: 0, nextAt: 0, reasons: [], ...values, key: crypto.randomUUID() }
  delete made.present
  await run<void>('readwrite', (use) => {
    use('items').delete(old.key)
    use('items').add(made)
    old.photos.forEach((photo, index) => {
      use('files').delete(`${old.key}/${photo.sha256}`)
      use('files').put({ id: `${made.key}/${photo.sha256}`, item: made.key, file: files[index] })
    })
  })
}

/** Removes sent items after seven days; nothing that was not confirmed is ever removed here. */
export const tidy = async (user: number): Promise<void> => {
  const over = (await items(user)).filter((one) => one.state === 'sent' && (one.sentAt ?? Infinity) < Date.now() - SENT_KEPT)
  if (over.length === 0) return
  await run<void>('readwrite', (use) => {
    for (const one of over) {
      use('items').delete(one.key)
      for (const photo of one.photos) use('files').delete(`${one.key}/${photo.sha256}`)
    }
  })
}

export const keep = (name: string, value: unknown): Promise<IDBValidKey> =>
  run<IDBValidKey>('readwrite', (use) => use('kept').put(value, name))
export const kept = <T>(name: string): Promise<T | undefined> =>
  run<T | undefined>('readonly', (use) => use('kept').get(name) as IDBRequest<T | undefined>)
