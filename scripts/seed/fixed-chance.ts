const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/**
 * A number in [0, 1) that depends on the text alone. The same name always has the same luck, whatever is drawn
 * before or after it, so a seed that runs again next week agrees with this week's about every day they share.
 */
export function fixedChance(text: string): number {
  let hash = FNV_OFFSET
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), FNV_PRIME)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
