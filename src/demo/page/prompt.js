// @ts-check
import { el } from './dom.js'

/**
 * @template T
 * @typedef {{ label: string, value: T, detail?: string, kind?: 'main' | 'quiet' }} Option
 */
/**
 * @typedef {{ name: string, label: string, type?: string, placeholder?: string, pattern?: string, hint?: string, required?: boolean }} Field
 * @typedef {{ fields: Field[], submit: string, skip?: string, suggestions?: string[] }} Form
 */

/** The patient's turn: buttons, or a small form. One at a time. */
export class Prompt {
  /** @param {HTMLElement} region */
  constructor(region) {
    this.region = region
  }

  /**
   * @template T
   * @param {readonly Option<T>[]} options
   * @param {string} labelledBy id of the question in the log
   * @param {(option: Option<T>) => void} onChosen
   */
  showOptions(options, labelledBy, onChosen) {
    const buttons = options.map((option) =>
      el(
        'button',
        { type: 'button', class: `option ${option.kind ?? ''}`, click: () => onChosen(option) },
        el('span', {}, option.label),
        option.detail === undefined ? undefined : el('span', { class: 'detail' }, option.detail),
      ),
    )
    this.#show(el('div', { class: 'options', role: 'group', 'aria-labelledby': labelledBy, tabindex: '-1' }, ...buttons))
  }

  /**
   * @param {Form} form
   * @param {string} labelledBy
   * @param {(values: Record<string, string> | undefined) => void} onSent `undefined`: skipped
   */
  showForm({ fields, submit, skip, suggestions = [] }, labelledBy, onSent) {
    const inputs = fields.map((field) => ({ field, id: `${labelledBy}-${field.name}` }))
    const send = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault()
      const data = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget))
      onSent(Object.fromEntries(fields.map(({ name }) => [name, String(data.get(name) ?? '').trim()])))
    }
    const [first] = fields
    const suggestion = (/** @type {string} */ text) =>
      el('button', { type: 'button', class: 'option', click: () => onSent({ [first?.name ?? '']: text }) }, text)
    this.#show(
      el(
        'form',
        { class: 'ask', 'aria-labelledby': labelledBy, autocomplete: 'off', submit: send },
        ...inputs.map(({ field, id }) => fieldOf(field, id)),
        el(
          'div',
          { class: 'actions' },
          el('button', { type: 'submit', class: 'option main' }, submit),
          skip === undefined ? undefined : el('button', { type: 'button', class: 'option quiet', click: () => onSent(undefined) }, skip),
        ),
        suggestions.length === 0 ? undefined : el('div', { class: 'suggestions' }, ...suggestions.map(suggestion)),
      ),
    )
  }

  /** @param {string} text what goes on meanwhile */
  showWaiting(text) {
    const held = this.hasFocus()
    this.region.replaceChildren(el('p', { class: 'working' }, text, el('span', { class: 'dots', 'aria-hidden': 'true' })))
    // The button that was pressed is gone: the keyboard stays here and not at the top of the page.
    if (held) this.region.focus()
  }

  clear() {
    this.region.replaceChildren()
  }

  hasFocus() {
    return this.region.contains(document.activeElement)
  }

  /** @param {HTMLElement} content */
  #show(content) {
    const held = this.hasFocus()
    this.region.replaceChildren(content)
    if (!held) return
    // Buttons get no focus by themselves: a second press of Enter must not answer a question nobody has read yet.
    const target = content.querySelector('input') ?? content
    if (target instanceof HTMLElement) target.focus({ preventScroll: true })
    content.scrollIntoView({ block: 'nearest' })
  }
}

/**
 * @param {Field} field
 * @param {string} id
 */
function fieldOf({ name, label, type = 'text', placeholder, pattern, hint, required = true }, id) {
  const hintId = hint === undefined ? undefined : `${id}-hint`
  return el(
    'p',
    { class: 'field' },
    el('label', { for: id }, label),
    el('input', {
      id,
      name,
      type,
      placeholder,
      pattern,
      required,
      'aria-describedby': hintId,
      title: pattern === undefined ? undefined : hint,
    }),
    hint === undefined ? undefined : el('span', { class: 'hint', id: hintId ?? '' }, hint),
  )
}
