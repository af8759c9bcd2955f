/** The field app: tasks, patrol, report, outbox and the rest behind five buttons at the thumb. */
import './field.css'
import * as db from './db.ts'
import { h } from './dom.ts'
import { history } from './history.ts'
import { map } from './map.ts'
import { cellOf, nearest, warmUp } from './place.ts'
import type { Fix } from './place.ts'
import * as sync from './sync.ts'
import type { Action, Boot, Facility, Question, Task } from './sync.ts'
import { named, reason, speak, spoken, t } from './texts.ts'

interface Settings {
  language: string
  theme: 'auto' | 'day' | 'night'
  size: number
}
interface Round {
  key: string
  startedAt: number
}

const root = document.getElementById('app')!
const settings: Settings = { language: spoken(), theme: 'auto', size: 16 }
let boot: Boot | undefined
let here: Fix | undefined
let round: Round | undefined
let stopRound: (() => void) | undefined
let waitingWorker: ServiceWorker | undefined
let notice = ''

const me = (): number => boot!.person.id
const go = (route: string): void => {
  if (location.hash === `#${route}`) void render()
  else location.hash = route
}
const say = (text: string): void => {
  notice = text
}
const value = (form: HTMLFormElement, name: string): string => String(new FormData(form).get(name) ?? '')
const files = (form: HTMLFormElement): File[] =>
  [...(form.querySelector<HTMLInputElement>('input[type=file]')?.files ?? [])].slice(0, boot!.limits.photos)
const instant = (at: string | number): string =>
  new Date(at).toLocaleString(spoken() === 'zh' ? 'zh-CN' : 'en-GB', { timeZone: 'Asia/Shanghai', dateStyle: 'short', timeStyle: 'short' })
const position = (): Record<string, unknown> => (here ? { ...here } : {})

/** Follows the position while a form with photos is open, and says what the photos will carry. */
function whereLine(): HTMLElement {
  const where = h('p', { class: 'muted where', 'aria-live': 'polite' }, t('正在定位…', 'Looking for the position…'))
  here = undefined
  warmUp((fix) => {
    here = fix ?? here
    where.textContent = here
      ? `${t('已定位，误差', 'Position known within')} ${Math.round(here.accuracy)} m，${t('随照片保存。', 'kept with the photos.')}`
      : t('没有定位，照片将不带位置。请打开手机定位。', 'No position: the photos go without one. Switch positioning on.')
  })
  return where
}

function photoInput(required = false): HTMLElement {
  const list = h('ul', { class: 'photos', 'aria-live': 'polite' })
  const input = h('input', {
    type: 'file', name: 'photos', accept: 'image/jpeg,image/png,image/webp', multiple: true, capture: 'environment',
    onchange: () => list.replaceChildren(...chosen([...(input.files ?? [])])),
  }) // prettier-ignore
  const label = required ? t('照片（必填，原件保存）', 'Photos (needed; originals are kept)') : t('照片（可不填，原件保存）', 'Photos (may be left out; originals are kept)')
  const pick = h('span', { class: 'pick' }, h('span', {}, t('拍照或选择照片', 'Take or choose photos')), input)
  return h('div', { class: 'field' }, h('label', {}, label, pick), list)
}

function chosen(all: File[]): HTMLElement[] {
  const most = boot!.limits.photos
  const rows = all.slice(0, most).map((file) => {
    const address = URL.createObjectURL(file)
    const free = (): void => URL.revokeObjectURL(address)
    return h('li', {}, h('img', { src: address, alt: '', onload: free, onerror: free }), `${file.name} · ${Math.ceil(file.size / 1024)} kB`)
  })
  const beyond = h('li', { class: 'bad' }, t(`最多 ${most} 张，其余不会发送。`, `At most ${most}; the others are not sent.`))
  return all.length > most ? [...rows, beyond] : rows
}

/* Tasks */

let onMap = false

function tasks(): Node[] {
  const toggle = h('button', { type: 'button', class: 'wide', onclick: () => { onMap = !onMap; void render() } },
    onMap ? t('看列表', 'Show the list') : t('看地图', 'Show the map')) // prettier-ignore
  const rest = boot!.todo.filter((item) => !boot!.cases.some((task) => item.url.includes(task.number)))
  const cards = boot!.cases.map((task) =>
    h('li', {}, h('a', { class: `card severity-${task.severity}`, href: `#task/${task.number}` },
      h('strong', {}, named(task, 'title')),
      h('span', {}, `${named(task, 'state')} · ${task.due_at ? t('期限 ', 'due ') + instant(task.due_at) : task.number}`)))) // prettier-ignore
  const others = rest.map((item) =>
    h('li', {}, h('a', { class: 'card', href: item.url }, h('strong', {}, named(item, 'title')),
      h('span', {}, item.due_at ? t('期限 ', 'due ') + instant(item.due_at) : '')))) // prettier-ignore
  const none = h('p', { class: 'empty' }, t('没有待办任务。发现问题请点“上报”。', 'Nothing waits for you. Tap “Report” when you find something.'))
  const list = cards.length + others.length > 0 ? h('ul', { class: 'cards' }, ...cards, ...others) : none
  return [h('h1', {}, t('我的任务', 'My tasks')), toggle, onMap ? map(boot!, here) : list]
}

/** What a form of the phone can hold; an action that needs more is done in the portal. */
const FILLABLE = new Set(['handler_required', 'reason_code', 'text_required', 'has_photo', 'hours_required'])
/** Actions with which a photo may be handed in though none has to be. */
const CHECKS = new Set(['pass', 'rework'])
const takesPhotos = (action: Action): boolean => action.needs.includes('has_photo') || CHECKS.has(action.code)

async function task(number: string): Promise<Node[]> {
  const found = boot!.cases.find((item) => item.number === number)
  if (!found) return [h('p', { class: 'empty' }, t('这个任务已不在您手上。', 'This task is no longer in your hands.'))]
  const facts = [number, named(found, 'state'), found.due_at ? t('期限 ', 'due ') + instant(found.due_at) : '']
  const waiting = (await db.items(me())).some((one) => one.state !== 'sent' && one.body['case'] === number)
  const doable = found.actions.filter((action) => action.needs.every((need) => FILLABLE.has(need)))
  const beyond = found.actions.filter((action) => !doable.includes(action)).map((action) => named(action))
  const elsewhere = [t('在门户打开', 'Open in the portal'), beyond.join(t('、', ', '))].filter(Boolean).join(t('：', ': '))
  return [
    h('h1', {}, named(found, 'title')),
    h('p', { class: 'muted' }, facts.filter(Boolean).join(' · ')),
    ...(waiting ? [h('p', { class: 'notice' }, t('这件任务有内容待发。', 'Something of this task waits to be sent.'), ' ', h('a', { href: '#outbox' }, t('看待发', 'To the outbox')))] : []),
    ...(found.description === named(found, 'title') ? [] : [h('p', { class: 'text' }, found.description)]),
    ...[history(found, instant)].filter((section) => section !== null),
    ...(doable.some(takesPhotos) ? [whereLine()] : []),
    ...doable.map((action, index) => h('details', { class: 'panel action', open: index === 0 }, h('summary', {}, named(action)), actionForm(found, action))),
    h('a', { class: 'card', href: found.page }, elsewhere),
  ] // prettier-ignore
}

function actionForm(found: Task, action: Action): HTMLElement {
  const needs = new Set(action.needs)
  const choice = (name: string, label: string, options: [string, string][], chosen = ''): HTMLElement =>
    h('div', { class: 'field' }, h('label', {}, label, h('select', { name, required: true },
      h('option', { value: '' }, t('请选择', 'Choose')),
      ...options.map(([code, text]) => h('option', { value: code, selected: code === chosen }, text))))) // prettier-ignore
  // A proposal is for the one who sends it out, not for who is asked to help.
  const proposed = action.code === 'dispatch' && found.proposed ? String(found.proposed) : ''
  const form = h('form', { class: 'fields', 'data-action': action.code, onsubmit: (event) => { event.preventDefault(); void submitAction(form, found, action) } },
    needs.has('handler_required') && choice('handler', t('处置人', 'Handler'), (found.candidates ?? []).map((one) => [String(one.id), one.name]), proposed),
    needs.has('hours_required') && h('div', { class: 'field' }, h('label', {}, t('申请延长（工作小时）', 'Working hours asked for'), h('input', { name: 'hours', type: 'number', inputmode: 'numeric', min: 1, required: true }))),
    needs.has('reason_code') && choice('reason_code', t('原因', 'Reason'), (found.reasons ?? []).map((one) => [one.code, named(one)])),
    h('div', { class: 'field' }, h('label', {}, needs.has('text_required') ? t('说明', 'What to say') : t('说明（可不填）', 'What to say (may be left out)'), h('textarea', { name: 'text', rows: 3, required: needs.has('text_required') }))),
    takesPhotos(action) && photoInput(needs.has('has_photo')),
    h('button', { type: 'submit', class: 'main wide' }, named(action))) // prettier-ignore
  return form
}

async function submitAction(form: HTMLFormElement, found: Task, action: Action): Promise<void> {
  if (action.needs.includes('has_photo') && files(form).length === 0) {
    say(reason('has_photo'))
    return render()
  }
  const details: Record<string, unknown> = {}
  if (value(form, 'handler')) details['handler'] = Number(value(form, 'handler'))
  if (value(form, 'hours')) details['hours'] = Number(value(form, 'hours'))
  if (value(form, 'reason_code')) details['reason_code'] = value(form, 'reason_code')
  const body = { case: found.number, action: action.code, text: value(form, 'text'), seen: found.seen, details, ...(takesPhotos(action) ? position() : {}) }
  await sync.queue(me(), 'actions', `${named(action)}：${named(found, 'title')}`, body, files(form), position())
  say(t('已放入待发，有网络时自动送出。', 'Put into the outbox; it goes when there is a network.'))
  go('outbox')
}

/* Report */

async function report(): Promise<Node[]> {
  const draft = (await db.kept<Record<string, string>>(`draft:${me()}`)) ?? {}
  const where = h('p', { class: 'muted', 'aria-live': 'polite', id: 'where' }, t('正在定位…', 'Looking for the position…'))
  const plant = h('select', { name: 'facility' }, h('option', { value: '' }, t('不指明企业', 'No plant')),
    ...boot!.facilities.map((item) => h('option', { value: item.code }, named(item)))) // prettier-ignore
  const cell = h('select', { name: 'grid_cell' }, ...boot!.cells.map((item) => h('option', { value: item.code }, named(item))))
  const typed = h('div', { class: 'typed-place', hidden: true },
    h('div', { class: 'field' }, h('label', {}, t('网格', 'Grid cell'), cell)),
    h('div', { class: 'field' }, h('label', {}, t('地点（路名、门牌、标志物）', 'Place (street, number, landmark)'), h('input', { name: 'place', value: draft['place'] ?? '' })))) // prettier-ignore
  const form = h('form', { class: 'panel', id: 'report', oninput: () => void keepDraft(form), onsubmit: (event) => { event.preventDefault(); void submitReport(form) } },
    photoInput(),
    h('div', { class: 'field' }, h('label', {}, t('看到了什么', 'What you see'), textArea(draft['text'] ?? ''))),
    h('div', { class: 'field' }, h('label', {}, t('严重程度', 'Severity'), h('select', { name: 'severity' },
      ...severities().map(([code, text]) => h('option', { value: code, selected: code === (draft['severity'] ?? '2') }, text))))),
    where, h('div', { class: 'field' }, h('label', {}, t('企业', 'Plant'), plant)), typed,
    h('button', { type: 'submit', class: 'main wide' }, t('上报', 'Report'))) // prettier-ignore
  here = undefined
  warmUp((fix) => {
    if (!fix) {
      where.textContent = t('没有定位。请选择网格并写明地点。', 'No position. Choose the cell and write the place.')
      typed.hidden = false
      return
    }
    here = fix
    typed.hidden = true
    const point: [number, number] = [fix.longitude, fix.latitude]
    const [found, near] = [cellOf(boot!, point), nearest(boot!, point)]
    const place = [found ? named(found) : t('网格由服务器判定', 'the server finds the cell'), near ? named(near) : '']
    where.textContent = `${t('已定位，误差', 'Position known within')} ${Math.round(fix.accuracy)} m · ${place.filter(Boolean).join(' · ')}`
    if (near && !plant.value) plant.value = near.code
  })
  return [h('h1', {}, t('上报', 'Report')), form]
}

function textArea(text: string): HTMLTextAreaElement {
  const area = h('textarea', { name: 'text', rows: 4, required: true, maxlength: boot!.limits.text - 400 })
  area.value = text
  return area
}

const severities = (): [string, string][] => [
  ['1', t('提示', 'Notice')], ['2', t('一般', 'Ordinary')], ['3', t('较重', 'Grave')], ['4', t('紧急', 'Urgent')],
] // prettier-ignore

const keepDraft = (form: HTMLFormElement): Promise<unknown> =>
  db.keep(`draft:${me()}`, { text: value(form, 'text'), place: value(form, 'place'), severity: value(form, 'severity') })

async function submitReport(form: HTMLFormElement): Promise<void> {
  const text = value(form, 'text').trim()
  const body: Record<string, unknown> = { text, severity: Number(value(form, 'severity')), facility: value(form, 'facility') }
  Object.assign(body, here ? position() : { grid_cell: value(form, 'grid_cell'), place: value(form, 'place') })
  await sync.queue(me(), 'reports', text.split('\n')[0]!.slice(0, 40), body, files(form), position())
  await db.keep(`draft:${me()}`, {})
  say(t('已放入待发，有网络时自动送出。', 'Put into the outbox; it goes when there is a network.'))
  go('outbox')
}

/* Outbox */

const states = (): Record<db.State, string> => ({
  queued: t('等待', 'Waiting'), sending: t('正在发送', 'Sending'), sent: t('已送达', 'Sent'),
  conflict: t('有冲突', 'Conflict'), refused: t('未被接受', 'Not taken'),
}) // prettier-ignore

async function outbox(): Promise<Node[]> {
  const found = (await db.items(me())).reverse()
  const used = await navigator.storage?.estimate?.()
  const room = used?.quota ? `${t('已用', 'Used')} ${Math.ceil((used.usage ?? 0) / 2 ** 20)} / ${Math.floor(used.quota / 2 ** 20)} MB` : ''
  const list = found.length > 0
    ? h('ul', { class: 'cards', id: 'outbox' }, ...found.map((one) => outboxItem(one, goesOn(one, found))))
    : h('p', { class: 'empty' }, t('没有待发的内容。', 'The outbox is empty.')) // prettier-ignore
  return [
    h('h1', {}, t('待发', 'Outbox')),
    h('p', { class: 'muted' }, t('送达的内容再保留 7 天。', 'What was sent stays here for seven days.'), ' ', room),
    h('button', { type: 'button', class: 'wide', onclick: () => void sync.hurry(me()) }, t('现在发送', 'Send now')),
    list,
  ]
}

const caseOf = (one: db.Item): string => String(one.answer?.['number'] ?? one.body['case'] ?? '')

/** The task a person may go on with: at the newest item about it, and not before the server has answered that. */
function goesOn(one: db.Item, newestFirst: db.Item[]): string | undefined {
  const number = caseOf(one)
  const newest = newestFirst.find((other) => caseOf(other) === number)
  return one.state === 'sent' && newest === one && boot!.cases.some((task) => task.number === number) ? number : undefined
}

function outboxItem(one: db.Item, onward: string | undefined): HTMLElement {
  const editable = one.state === 'refused' || one.state === 'conflict' || (one.state === 'queued' && one.attempts === 0)
  const present = one.present
  const text = typeof one.body['text'] === 'string' ? one.body['text'] : undefined
  const again = present ? { seen: present['sequence'] } : {}
  const box = h('li', { class: `card state-${one.state}`, 'data-state': one.state, 'data-key': one.key },
    h('strong', {}, one.label),
    h('span', {}, `${states()[one.state]} · ${instant(one.createdAt)}${one.photos.length > 0 ? ` · ${one.photos.length} ${t('张照片', 'photos')}` : ''}`),
    one.answer?.['number'] ? h('span', {}, `${t('编号', 'Number')} ${String(one.answer['number'])}`) : null,
    onward && h('a', { class: 'button wide', href: `#task/${onward}` }, t('打开任务', 'Open the task')),
    ...one.reasons.map((code) => h('p', { class: 'bad' }, reason(code))),
    present && h('p', { class: 'conflict' }, `${t('现在', 'Now')}：${named(present, 'state')} · ${String(present['by'] ?? '')} · ${present['at'] ? instant(String(present['at'])) : ''} ${String(present['text'] ?? '')}`),
    h('div', { class: 'row' },
      editable && one.state !== 'queued' && h('button', { type: 'button', onclick: () => void resend(one, again) },
        present ? t('看过了，仍要发送', 'Seen; send it anyway') : t('重发', 'Send again')),
      editable && text !== undefined && h('button', { type: 'button', onclick: () => edit(box, one, text, again) }, t('改文字', 'Edit')),
      h('button', { type: 'button', onclick: () => void saveCopy(one) }, t('存副本', 'Keep a copy')))) // prettier-ignore
  return box
}

async function resend(one: db.Item, again: Record<string, unknown>): Promise<void> {
  await db.rekey(one, { body: { ...one.body, ...again } })
  await sync.send(me())
}

function edit(box: HTMLElement, one: db.Item, text: string, again: Record<string, unknown>): void {
  const area = h('textarea', { rows: 4, 'aria-label': t('文字', 'Text') })
  area.value = text
  const save = async (): Promise<void> => {
    await db.rekey(one, { body: { ...one.body, ...again, text: area.value }, label: area.value.split('\n')[0]!.slice(0, 40) || one.label })
    await sync.send(me())
    await render()
  }
  box.replaceChildren(area, h('button', { type: 'button', class: 'main wide', onclick: () => void save() }, t('保存并发送', 'Save and send')))
  area.focus()
}

async function saveCopy(one: db.Item): Promise<void> {
  const found = await Promise.all(one.photos.map((photo) => db.file(one.key, photo.sha256)))
  const document = new Blob([JSON.stringify({ ...one, exported_at: new Date().toISOString() }, null, 2)], { type: 'application/json' })
  download(document, `${one.key}.json`)
  for (const file of found) if (file) download(file, file.name)
}

function download(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob)
  h('a', { href: address, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}

/* Patrol: points only between start and stop */

function patrol(): Node[] {
  const running = round !== undefined
  return [
    h('h1', {}, t('巡查', 'Patrol')),
    h('p', {}, running
      ? `${t('巡查中，开始于', 'On patrol since')} ${instant(round!.startedAt)}`
      : t('开始后才记录轨迹，结束后立即停止。轨迹只有您本人和网格长能看到，到期自动删除。', 'Your trace is kept only between start and stop. Only you and your grid chief can see it, and it is removed after its days.')),
    h('button', { type: 'button', class: 'main wide', id: 'patrol', onclick: () => void (running ? endRound() : beginRound()) },
      running ? t('结束巡查', 'Stop the patrol') : t('开始巡查', 'Start a patrol')),
  ] // prettier-ignore
}

async function beginRound(): Promise<void> {
  const key = await sync.queue(me(), 'patrol-start', t('开始巡查', 'Patrol starts'), {})
  round = { key, startedAt: Date.now() }
  await db.keep(`round:${me()}`, round)
  trace()
  await render()
}

async function endRound(): Promise<void> {
  stopRound?.()
  stopRound = undefined
  await flush()
  await sync.queue(me(), 'patrol-stop', t('结束巡查', 'Patrol ends'), { patrol: round!.key })
  round = undefined
  await db.keep(`round:${me()}`, null)
  await render()
}

const FLUSH_EVERY = 60_000
let points: Record<string, unknown>[] = []

function trace(): void {
  if (!navigator.geolocation) return
  const watch = navigator.geolocation.watchPosition(
    ({ coords, timestamp }) => {
      const { longitude, latitude, accuracy } = coords
      points.push({ at: new Date(timestamp).toISOString(), longitude, latitude, accuracy })
      void db.keep(`points:${me()}`, points)
    },
    () => undefined,
    { enableHighAccuracy: true, maximumAge: 5000 },
  )
  const beat = setInterval(() => void flush(), FLUSH_EVERY)
  stopRound = () => {
    navigator.geolocation.clearWatch(watch)
    clearInterval(beat)
  }
}

async function flush(): Promise<void> {
  const gone = points
  points = []
  if (gone.length > 0 && round) {
    await sync.queue(me(), 'traces', t(`轨迹 ${gone.length} 点`, `Trace, ${gone.length} points`), { patrol: round.key, points: gone })
  }
  await db.keep(`points:${me()}`, points)
}

/* Plate and check list */

interface Plate {
  facility: { code: string; name?: string; name_zh?: string; name_en?: string }
  status?: string
  checklist: (Question & { question?: string })[]
}

function plate(): Node[] {
  const form = h('form', { class: 'panel', onsubmit: (event) => { event.preventDefault(); void openPlate(value(form, 'token')) } },
    h('div', { class: 'field' }, h('label', {}, t('铭牌编号或网址', 'Code or address on the plate'), h('input', { name: 'token', autocomplete: 'off', required: true }))),
    h('button', { type: 'submit', class: 'main wide' }, t('打开', 'Open')),
    'BarcodeDetector' in window && h('button', { type: 'button', class: 'wide', onclick: () => void scan(form) }, t('用相机扫描', 'Scan with the camera'))) // prettier-ignore
  const kept = boot!.facilities.map((item) => h('li', {}, h('a', { class: 'card', href: `#check/${item.code}` }, h('strong', {}, named(item)))))
  return [h('h1', {}, t('扫铭牌', 'Scan a plate')), form, h('h2', {}, t('我的企业', 'My plants')), h('ul', { class: 'cards' }, ...kept)]
}

async function openPlate(text: string): Promise<void> {
  const token = text.trim().replace(/\/+$/, '').split('/').pop()!.replace(/\.json$/, '')
  const found = await sync.ask<Plate>(`/enterprises/plates/${encodeURIComponent(token)}.json`)
  const own = boot!.facilities.find((item) => item.code === token)
  if (found) await db.keep(`check:${found.facility.code}`, found)
  const code = found?.facility.code ?? own?.code
  if (code) return go(`check/${code}`)
  say(t('没有找到这块铭牌。没有网络时请从“我的企业”中选择。', 'The plate was not found. Without a network choose from “My plants”.'))
  await render()
}

interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>
}

async function scan(form: HTMLFormElement): Promise<void> {
  const Detector = (window as unknown as { BarcodeDetector: new (wanted: object) => Detector }).BarcodeDetector
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } }).catch(() => undefined)
  if (!stream) {
    say(t('相机不可用，请输入编号。', 'The camera is not available; type the code.'))
    return render()
  }
  const video = h('video', { class: 'scanner', autoplay: true, playsinline: true, muted: true })
  video.srcObject = stream
  form.append(video)
  const detector = new Detector({ formats: ['qr_code'] })
  while (video.isConnected) {
    const [seen] = await detector.detect(video).catch(() => [])
    if (seen) {
      stream.getTracks().forEach((track) => track.stop())
      return openPlate(seen.rawValue)
    }
    await new Promise((done) => setTimeout(done, 250))
  }
  stream.getTracks().forEach((track) => track.stop())
}

async function check(code: string): Promise<Node[]> {
  const scanned = await db.kept<Plate>(`check:${code}`)
  const plant: Partial<Facility> | undefined = boot!.facilities.find((item) => item.code === code) ?? scanned?.facility
  const asked = await sync.ask<{ checklist: Question[] }>(sync.door(`checklist/${encodeURIComponent(code)}`))
  const questions: (Question & { question?: string })[] = asked?.checklist ?? boot!.checklists[code] ?? scanned?.checklist ?? []
  const title = plant ? named(plant) || scanned?.facility.name || code : code
  const form = h('form', { class: 'panel', onsubmit: (event) => { event.preventDefault(); void submitCheck(form, code, title, questions) } },
    questions.length === 0 && h('p', { class: 'empty' }, t('没有这家企业的检查清单，可以只写说明。', 'There is no check list of this plant; you may write a note.')),
    ...questions.map(question),
    photoInput(), whereLine(),
    h('div', { class: 'field' }, h('label', {}, t('说明', 'Note'), h('textarea', { name: 'note', rows: 3 }))),
    h('label', { class: 'tick' }, h('input', { type: 'checkbox', name: 'open_case' }), t('有不符合项时立为事件', 'Open a case where something fails')),
    h('button', { type: 'submit', class: 'main wide' }, t('提交检查', 'Hand the visit in'))) // prettier-ignore
  return [h('h1', {}, title), form]
}

function question(item: Question & { question?: string }, index: number): HTMLElement {
  const name = `answer-${index}`
  const hint = [item.basis, item.expected && `${t('许可', 'permit')} ${item.expected} ${item.unit}`].filter(Boolean).join(' · ')
  const input = item.answer === 'yes_no'
    ? h('div', { class: 'row' },
        h('label', { class: 'tick' }, h('input', { type: 'radio', name, value: 'yes' }), t('是', 'Yes')),
        h('label', { class: 'tick' }, h('input', { type: 'radio', name, value: 'no' }), t('否', 'No')))
    : h('input', { name, inputmode: item.answer === 'number' ? 'decimal' : 'text', 'aria-label': named(item, 'question') || item.question }) // prettier-ignore
  return h('fieldset', {}, h('legend', {}, named(item, 'question') || item.question || item.code), h('p', { class: 'muted' }, hint), input)
}

async function submitCheck(form: HTMLFormElement, facility: string, title: string, questions: (Question & { question?: string })[]): Promise<void> {
  const answers = questions
    .map((item, index) => ({ code: item.code, question: named(item, 'question') || item.question, answer: value(form, `answer-${index}`) }))
    .filter((row) => row.answer !== '')
  const body = { facility, answers, note: value(form, 'note'), open_case: value(form, 'open_case') === 'on', ...position() }
  await sync.queue(me(), 'visits', `${t('检查', 'Visit')}：${title}`, body, files(form), position())
  say(t('已放入待发，有网络时自动送出。', 'Put into the outbox; it goes when there is a network.'))
  go('outbox')
}

/* The rest */

function more(): Node[] {
  const links: [string, string][] = [
    ['#plate', t('扫铭牌、检查清单', 'Plates and check lists')],
    ['#suggest', t('意见箱', 'Suggestion box')],
    ['#settings', t('设置', 'Settings')],
    ['/', t('回到门户', 'To the portal')],
  ]
  return [h('h1', {}, t('更多', 'More')), h('ul', { class: 'cards' }, ...links.map(([href, text]) => h('li', {}, h('a', { class: 'card', href }, h('strong', {}, text)))))]
}

function suggest(): Node[] {
  const form = h('form', { class: 'panel', onsubmit: (event) => { event.preventDefault(); void send() } },
    h('div', { class: 'field' }, h('label', {}, t('您希望哪里更好', 'What should be better'), h('textarea', { name: 'text', rows: 5, required: true }))),
    h('button', { type: 'submit', class: 'main wide' }, t('提交', 'Hand in'))) // prettier-ignore
  const send = async (): Promise<void> => {
    await sync.queue(me(), 'suggestions', t('意见', 'Suggestion'), { text: value(form, 'text') })
    say(t('谢谢。答复会出现在意见箱台账。', 'Thank you. The answer will be in the register of suggestions.'))
    go('outbox')
  }
  return [h('h1', {}, t('意见箱', 'Suggestion box')), form]
}

function settingsPage(): Node[] {
  const select = (name: keyof Settings, label: string, options: [string, string][]): HTMLElement =>
    h('div', { class: 'field' }, h('label', {}, label, h('select', { name, onchange: (event) => void set(name, (event.target as HTMLSelectElement).value) },
      ...options.map(([code, text]) => h('option', { value: code, selected: String(settings[name]) === code }, text))))) // prettier-ignore
  return [
    h('h1', {}, t('设置', 'Settings')),
    h('div', { class: 'panel' },
      select('language', '语言 · Language', [['zh', '简体中文'], ['en', 'English']]),
      select('theme', t('夜间模式', 'Night mode'), [['auto', t('跟随手机', 'As the phone')], ['day', t('日间', 'Day')], ['night', t('夜间', 'Night')]]),
      select('size', t('字号', 'Text size'), [['16', '16'], ['18', '18'], ['21', '21'], ['24', '24']])),
    h('p', { class: 'muted' }, `${boot!.person.name} · ${boot!.person.username}`),
  ] // prettier-ignore
}

async function set(name: keyof Settings, chosen: string): Promise<void> {
  Object.assign(settings, { [name]: name === 'size' ? Number(chosen) : chosen })
  await db.keep('settings', settings)
  apply()
  await render()
}

function apply(): void {
  speak(settings.language)
  document.documentElement.dataset['theme'] = settings.theme
  document.documentElement.dataset['size'] = String(settings.size)
}

/* The frame */

const PAGES: Record<string, (rest: string) => Node[] | Promise<Node[]>> = {
  tasks, task, report, outbox, patrol, plate, check, more, suggest, settings: settingsPage,
} // prettier-ignore
let drawn = 0

async function render(): Promise<void> {
  const turn = ++drawn
  if (!boot) return void root.replaceChildren(welcome())
  const [page = 'tasks', rest = ''] = location.hash.slice(1).split('/')
  const draw = PAGES[page] ?? tasks
  const [content, count] = [await draw(decodeURIComponent(rest)), await unsent()]
  if (turn !== drawn) return
  const said = notice ? h('p', { class: 'notice', role: 'status' }, notice) : null
  notice = ''
  root.replaceChildren(h('header', { class: 'top' }, ...banners()), h('main', {}, ...(said ? [said] : []), ...content), bar(page, count))
}

const unsent = async (): Promise<number> => (await db.items(me())).filter((one) => one.state !== 'sent').length

function banners(): HTMLElement[] {
  const shown: HTMLElement[] = []
  const login = document.body.dataset['login'] ?? '/login'
  if (sync.link.state === 'offline') shown.push(h('p', { class: 'banner', id: 'offline' }, t('没有网络。照常工作，内容先存在手机上。', 'No network. Work on; everything is kept on the phone.')))
  if (sync.link.state === 'log-in') shown.push(h('p', { class: 'banner' }, t('需要重新登录，待发的内容都在。', 'Log in again; the outbox is complete.'), ' ', h('a', { href: login }, t('登录', 'Log in'))))
  if (waitingWorker) shown.push(h('p', { class: 'banner' }, t('有新版本。', 'There is a new version.'), ' ', h('button', { type: 'button', onclick: () => waitingWorker?.postMessage('take-over') }, t('更新', 'Update'))))
  return shown
}

function bar(page: string, count: number): HTMLElement {
  const tabs: [string, string, string][] = [
    ['tasks', '☰', t('任务', 'Tasks')], ['patrol', '◎', t('巡查', 'Patrol')], ['report', '＋', t('上报', 'Report')],
    ['outbox', '⇪', count > 0 ? `${t('待发', 'Outbox')} ${count}` : t('待发', 'Outbox')], ['more', '⋯', t('更多', 'More')],
  ] // prettier-ignore
  return h('nav', { class: 'bar', 'aria-label': t('主菜单', 'Main menu') }, ...tabs.map(([route, sign, text]) =>
    h('a', { href: `#${route}`, class: route === 'report' ? 'bar-main' : '', 'aria-current': route === page ? 'page' : null },
      h('span', { 'aria-hidden': 'true' }, sign), h('span', {}, text)))) // prettier-ignore
}

function welcome(): HTMLElement {
  const login = document.body.dataset['login'] ?? '/login'
  const offline = sync.link.state === 'offline'
  return h('main', { class: 'welcome' }, h('h1', {}, t('江城移动端', 'Jiangcheng in the field')),
    h('p', {}, offline ? t('第一次使用需要网络。', 'The first use needs a network.') : t('请先登录。', 'Log in first.')),
    h('a', { class: 'main wide', href: login }, t('登录', 'Log in'))) // prettier-ignore
}

async function latest(): Promise<void> {
  boot = (await sync.bootstrap()) ?? boot
}

async function refresh(): Promise<void> {
  await latest()
  if (boot) await sync.hurry(me())
}

async function watchWorker(): Promise<void> {
  const address = document.body.dataset['worker']
  if (!address || !navigator.serviceWorker) return
  const registered = await navigator.serviceWorker.register(address, { scope: '/field/' }).catch(() => undefined)
  const note = (): void => {
    if (!registered?.waiting || !navigator.serviceWorker.controller) return
    waitingWorker = registered.waiting
    void render()
  }
  note()
  registered?.addEventListener('updatefound', () => registered.installing?.addEventListener('statechange', note))
  let taken = navigator.serviceWorker.controller === null
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (!taken) location.reload()
    taken = false
  })
  navigator.serviceWorker.addEventListener('message', (event) => event.data === 'send' && boot && void sync.hurry(me()))
}

/** Pages with a form are not drawn anew while somebody types into them. */
const QUIET = new Set(['report', 'task', 'check', 'suggest', 'plate', 'settings'])
let drawing: number | undefined

sync.onChange(() => {
  clearTimeout(drawing)
  drawing = setTimeout(() => {
    const page = location.hash.slice(1).split('/')[0] ?? ''
    if (QUIET.has(page)) document.querySelector('header.top')?.replaceChildren(...banners())
    else if (!document.activeElement?.matches('textarea, input')) void render()
  }, 100)
})

/** Whether somebody has written or chosen something in the form on screen. */
const touched = (): boolean =>
  [...root.querySelectorAll<HTMLInputElement>('main textarea, main input')].some((field) => field.value !== '') ||
  root.querySelector('main form')?.contains(document.activeElement) === true

async function answered(): Promise<void> {
  await latest()
  const page = location.hash.slice(1).split('/')[0]
  // The link to go on is there once the tasks are known, and a task offers what can be done with it now.
  if (page === 'outbox' || (page === 'task' && !touched())) await render()
}

sync.onAnswered(() => void answered())

async function start(): Promise<void> {
  Object.assign(settings, (await db.kept<Settings>('settings')) ?? {})
  apply()
  addEventListener('hashchange', () => void render())
  addEventListener('online', () => void refresh())
  addEventListener('offline', () => void sync.bootstrap())
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void refresh())
  void watchWorker()
  void navigator.storage?.persist?.()
  boot = await sync.bootstrap()
  if (boot) {
    round = (await db.kept<Round | null>(`round:${me()}`)) ?? undefined
    points = (await db.kept<Record<string, unknown>[]>(`points:${me()}`)) ?? []
    if (round) trace()
  }
  await render()
  if (boot) await sync.hurry(me())
  setInterval(() => void refresh(), 120_000)
}

void start()
