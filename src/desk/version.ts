/** Of this software, as it tells callers; the same as in package.json. */
export const VERSION = '0.1.0'
