/** What must not be found: a name for the report, and the text. */
export type Secrets = Readonly<Record<string, string>>

/** The secrets that stand in a text in any of the ways in which they could: as they are, in other case, escaped in a URL, as bytes. */
export function leaksIn(text: string, secrets: Secrets): string[] {
  const haystack = [text, withoutEscapes(text), bytesAsText(text)].join('\n').toLowerCase()
  return Object.entries(secrets).flatMap(([name, secret]) => (spellings(secret).some((one) => haystack.includes(one)) ? [name] : []))
}

function spellings(secret: string): string[] {
  const encodings = ['base64', 'base64url', 'hex'] as const
  return [secret, encodeURIComponent(secret), ...encodings.map((encoding) => Buffer.from(secret).toString(encoding))].map((one) =>
    one.toLowerCase(),
  )
}

function withoutEscapes(text: string): string {
  return text.replace(/(%[0-9a-f]{2})+/gi, (escaped) => Buffer.from(escaped.replaceAll('%', ''), 'hex').toString('utf8'))
}

/** A logged Buffer is a list of numbers. */
function bytesAsText(text: string): string {
  return [...text.matchAll(/\[(\d{1,3}(?:,\d{1,3})+)\]/g)]
    .map(([, numbers]) => Buffer.from((numbers ?? '').split(',').map(Number)).toString('latin1'))
    .join('\n')
}
