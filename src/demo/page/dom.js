// @ts-check

/**
 * Makes an element. Strings become text, never markup; `undefined` is left out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | boolean | undefined | ((event: any) => void)>} [attributes] a function listens to the event of its name
 * @param {(Node | string | undefined)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') node.addEventListener(name, value)
    else if (value === true) node.setAttribute(name, '')
    else if (typeof value === 'string') node.setAttribute(name, value)
  }
  node.append(...children.filter((child) => child !== undefined))
  return node
}

/**
 * The element with an id, which the page is known to have.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const node = document.getElementById(id)
  if (!(node instanceof type)) throw new Error(`the page has no ${type.name} with id ${id}`)
  return node
}

/** @param {number} milliseconds */
export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Whether the reader asked for less movement. */
export const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches

/**
 * Scrolls a list to its end, where the newest stands.
 * @param {HTMLElement} list
 */
export function toEnd(list) {
  list.scrollTo({ top: list.scrollHeight, behavior: calm() ? 'instant' : 'smooth' })
}
