/** The fenced blocks of a Markdown text. */
export function fencedBlocks(text: string): { language: string; text: string }[] {
  const parts = text.split(/^```(.*)\n/m)
  // text, language, block, '' (the closing fence), text, language, …
  return parts.flatMap((part, index) => (index % 4 === 1 ? [{ language: part, text: parts[index + 1] ?? '' }] : []))
}
