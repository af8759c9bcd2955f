/** What has been done to a task: each step with its person, its words and its photos with their positions. */
import { h } from './dom.ts'
import type { Kept, Step, Task } from './sync.ts'
import { named, t } from './texts.ts'

const SHOWN = 2
/** Decimals of a degree, about ten metres. */
const DECIMALS = 4

export function history(task: Task, instant: (at: string) => string): HTMLElement | null {
  // A copy that was kept before the update has no steps.
  const steps = [...(task.history ?? [])].reverse().map((step) => stepItem(step, task.description, instant))
  if (steps.length === 0) return null
  const older = steps.slice(SHOWN)
  return h('section', { class: 'panel', id: 'history' },
    h('h2', {}, t('办理过程', 'What has been done')),
    h('ol', { class: 'steps' }, ...steps.slice(0, SHOWN)),
    older.length > 0 && h('details', {}, h('summary', {}, t(`更早的 ${older.length} 步`, `Earlier steps: ${older.length}`)), h('ol', { class: 'steps' }, ...older))) // prettier-ignore
}

function stepItem(step: Step, known: string, instant: (at: string) => string): HTMLElement {
  return h('li', {},
    h('strong', {}, named(step)),
    h('span', { class: 'muted' }, `${step.by || t('规则自动', 'By a rule')} · ${instant(step.at)}`),
    step.text && step.text !== known && h('p', { class: 'text' }, step.text),
    step.photos.length > 0 && h('div', { class: 'shots' }, ...step.photos.map((kept) => shot(kept, instant)))) // prettier-ignore
}

function shot(kept: Kept, instant: (at: string) => string): HTMLElement {
  const taken = kept.taken_at ? `${t('拍摄', 'Taken')} ${instant(kept.taken_at)}` : ''
  const place =
    kept.longitude === null || kept.latitude === null
      ? t('无位置', 'no position')
      : `${kept.longitude.toFixed(DECIMALS)}°, ${kept.latitude.toFixed(DECIMALS)}°`
  const facts = [taken, place].filter(Boolean).join(' · ')
  return h('a', { class: 'shot', href: kept.url, target: '_blank', rel: 'noopener' },
    kept.kind === 'photo'
      ? h('img', { src: kept.url, alt: t('现场照片，没有网络时看不到', 'Photo from the place; it needs a network'), loading: 'lazy' })
      : h('span', {}, t('文件', 'Document')),
    h('small', { class: 'muted' }, facts)) // prettier-ignore
}
