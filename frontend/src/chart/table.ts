import { element } from '../shell/dom'
import { announce, text } from '../shell/texts'

export interface Table {
  columns: string[]
  rows: (string | number | null)[][]
}

/** The numbers of a chart as a table, and a button that copies it for a spreadsheet. */
export function dataTable(table: Table): DocumentFragment {
  const copy = element('button', { type: 'button', class: 'btn btn-quiet btn-small' }, text('copy'))
  copy.addEventListener('click', () => {
    const lines = [table.columns, ...table.rows].map((row) => row.map((cell) => cell ?? '').join('\t'))
    void navigator.clipboard?.writeText(lines.join('\n')).then(() => announce(text('copied')))
  })
  const head = element('tr', {}, ...table.columns.map((name) => element('th', { scope: 'col' }, name)))
  const body = table.rows.map((row) => element('tr', {}, ...row.map(cell)))
  const fragment = document.createDocumentFragment()
  fragment.append(
    copy,
    element('table', { class: 'table' }, element('thead', {}, head), element('tbody', {}, ...body)),
  )
  return fragment
}

function cell(value: string | number | null): HTMLTableCellElement {
  return element('td', typeof value === 'number' ? { class: 'num' } : {}, value === null ? '—' : String(value))
}
