/** A configuration that cannot be used; the message names each variable and the mend. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}
