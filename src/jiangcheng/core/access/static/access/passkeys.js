// Passkeys: asks the server for a question, lets the browser answer it, hands the answer in.

const form = document.querySelector('[data-passkey]')

form?.addEventListener('submit', async (event) => {
  event.preventDefault()
  const status = form.querySelector('[role="status"]')
  status.textContent = form.dataset.waiting
  try {
    const options = await post(form.dataset.question)
    if (form.dataset.passkey === 'create') {
      const made = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
      await post(form.action, { credential: made.toJSON(), name: form.elements.name.value })
      location.reload()
    } else {
      const answer = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })
      location.assign((await post(form.action, answer.toJSON())).next)
    }
  } catch (error) {
    status.textContent = error.told || form.dataset.failed
  }
})

async function post(url, body) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-CSRFToken': form.elements.csrfmiddlewaretoken.value },
    body: JSON.stringify(body ?? {}),
  })
  const told = await response.json().catch(() => ({}))
  if (!response.ok) throw Object.assign(new Error(response.statusText), { told: told.error })
  return told
}
