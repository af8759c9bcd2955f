'use strict'
// Lines written without a network stay in this browser until they are saved as a file.
const form = document.getElementById('log-form')
const list = document.getElementById('log-lines')
const key = 'jiangcheng-' + form.dataset.event
let lines = []
try { lines = JSON.parse(localStorage.getItem(key) || '[]') } catch { lines = [] }
function show() {
  list.replaceChildren(...lines.map((line) => {
    const item = document.createElement('li')
    item.textContent = line.at + ' ' + line.who + '：' + line.text
    return item
  }))
}
form.addEventListener('submit', (event) => {
  event.preventDefault()
  const text = form.elements.text.value.trim()
  if (!text) return
  lines.push({ at: new Date().toISOString(), who: form.elements.who.value.trim(), text })
  try { localStorage.setItem(key, JSON.stringify(lines)) } catch { /* kept in memory until saved */ }
  form.elements.text.value = ''
  show()
})
document.getElementById('log-save').addEventListener('click', () => {
  const blob = new Blob([JSON.stringify({ event: form.dataset.event, lines }, null, 1)], { type: 'application/json' })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = form.dataset.event + '-log.json'
  link.click()
})
show()
