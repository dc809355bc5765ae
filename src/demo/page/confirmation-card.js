// @ts-check
import { el } from './dom.js'

/**
 * The visit as the patient keeps it: when, with whom, the code, and the calendar entry.
 * @param {import('./mcp.js').Structured} visit
 * @param {string} key
 * @param {string} token
 */
export function confirmationCard(visit, key, token) {
  const code = String(visit['confirmation_code'] ?? '')
  const who = visit['provider']?.name ?? visit['provider']
  const place = visit['location']?.name ?? visit['location']
  const saved = el('span', { class: 'saved', role: 'status' })
  const save = async () => {
    saved.textContent = (await saveCalendar(String(visit['appointment_id']), key, token))
      ? 'Saved'
      : 'The calendar entry could not be fetched.'
  }
  return el(
    'div',
    { class: 'message card' },
    el('h3', {}, String(visit['local_start'] ?? 'Your visit')),
    el('p', {}, [who, place].filter((part) => typeof part === 'string').join(', ')),
    el('p', { class: 'code' }, el('span', {}, 'Confirmation code'), el('strong', {}, code)),
    el('p', {}, el('button', { type: 'button', class: 'link', click: save }, 'Add to my calendar'), saved),
  )
}

/**
 * @param {string} id
 * @param {string} key
 * @param {string} token
 */
async function saveCalendar(id, key, token) {
  const headers = { authorization: `Bearer ${key}`, 'x-patient-token': token }
  const answer = await fetch(`appointments/${encodeURIComponent(id)}/calendar.ics`, { headers }).catch(() => undefined)
  if (!answer?.ok) return false
  const url = URL.createObjectURL(await answer.blob())
  el('a', { href: url, download: 'visit.ics' }).click()
  URL.revokeObjectURL(url)
  return true
}
