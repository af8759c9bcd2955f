/** The two languages; every sentence stands where it is shown, in both. */
let language = document.documentElement.lang.startsWith('zh') ? 'zh' : 'en'

export const speak = (code: string): void => {
  language = code
  document.documentElement.lang = code === 'zh' ? 'zh-hans' : 'en'
}
export const spoken = (): string => language
export const t = (zh: string, en: string): string => (language === 'zh' ? zh : en)
export const named = (thing: object, field = 'name'): string =>
  String((thing as Record<string, unknown>)[`${field}_${language}`] ?? '')

const REASONS: Record<string, [string, string]> = {
  required: ['缺少必填内容，请补充后重发。', 'Something is missing; add it and send again.'],
  text_required: ['请填写说明。', 'Say what you saw.'],
  has_photo: ['请至少附一张现场照片。', 'Add at least one photo from the place.'],
  position_required: ['没有位置：请打开定位，或选择企业、网格。', 'No position: switch positioning on, or choose a plant or a cell.'],
  outside: ['这个位置不在本市任何网格内。', 'The position lies in no grid cell of the city.'],
  permission: ['您的角色或管辖范围不能办理。', 'Your role or area does not allow this.'],
  is_handler: ['只有被派遣的处置人可以办理。', 'Only the handler may do this.'],
  other_person: ['处置过的人不能核查。', 'Who handled a case may not verify it.'],
  unknown: ['找不到对象，可能不在您的管辖范围。', 'Not found, or outside your area.'],
  key_used: ['同一编号已送出别的内容，请复制后另报。', 'Another text was sent under this key; copy this one into a new report.'],
  stale: ['您看过之后，事件有了新的进展。', 'The case has moved on since you saw it.'],
  state: ['事件已不在这个环节。', 'The case is no longer in this state.'],
  patrol_closed: ['巡查已结束，之后的轨迹不收。', 'The patrol has ended; later points are not taken.'],
  hash: ['照片在传输中损坏，将重新发送。', 'The photo was damaged on its way and is sent again.'],
  evidence_too_large: ['照片超过 20 MB。', 'The photo is larger than 20 MB.'],
  evidence_unknown_type: ['只接受 JPEG、PNG、WebP 照片。', 'Only JPEG, PNG and WebP photos are taken.'],
  evidence_damaged: ['照片打不开，可能已损坏。', 'The photo cannot be opened; it may be damaged.'],
  evidence_empty: ['照片是空的。', 'The photo is empty.'],
  too_long: ['文字太长。', 'The text is too long.'],
  too_many: ['太多了，稍后自动重发。', 'Too many at once; it is sent again later.'],
  handler_required: ['请选择处置人。', 'Choose a handler.'],
  handler_unfit: ['这个人不能处置本区域的事件。', 'This person cannot handle cases here.'],
  hours_required: ['请填写小时数，不超过流程允许的上限。', 'Give the hours, not more than the workflow allows.'],
  reason_code: ['请选择原因。', 'Choose a reason.'],
}

export const reason = (code: string): string => {
  const known = REASONS[code]
  return known ? t(...known) : t(`没有被接受（${code}）。`, `Not taken (${code}).`)
}
