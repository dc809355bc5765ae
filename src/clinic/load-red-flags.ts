import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checked, MappingError, readJson } from './load-mapping.ts'
import { redFlagListSchema, type RedFlagCategory, type RedFlagList, type RedFlagRule, type RedFlagSettings } from './red-flags.ts'

const OWN_LISTS = fileURLToPath(new URL('../../mappings/', import.meta.url))

/**
 * Reads the lists of red flags that a clinic's file names, with the clinic's own categories in them.
 * @param mappingFile the clinic's file: a list that lies beside it goes before the gateway's own of that name
 * @throws MappingError when a list is missing or wrong, or the clinic's own categories do not fit
 */
export function loadRedFlags(settings: RedFlagSettings, mappingFile: string): RedFlagList[] {
  const lists = settings.lists.map((name) => {
    const beside = join(dirname(mappingFile), name)
    const file = existsSync(beside) ? beside : join(OWN_LISTS, name)
    return checkReferences(checked(redFlagListSchema, readJson(file), file, 'list of red flags'), file)
  })
  const own = settings.categories.map((category) => category.language)
  const strange = own.find((language) => !lists.some((list) => list.language === language))
  if (strange !== undefined) throw wrong(mappingFile, 'redFlags.categories', `none of redFlags.lists is in the language "${strange}"`)
  const merged = lists.map((list) => withOwn(list, settings, mappingFile))
  const ids = merged.flatMap((list) => list.rules.map((rule) => rule.id))
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined) throw wrong(mappingFile, 'redFlags', `two rules have the id "${twice}"`)
  return merged
}

function checkReferences(list: RedFlagList, file: string): RedFlagList {
  const known = list.categories.map((category) => category.code)
  for (const [index, rule] of list.rules.entries()) {
    if (!known.includes(rule.category))
      throw wrong(file, `rules[${index}].category`, `unknown category, use one of: ${known.join(', ')}`, 'list of red flags')
  }
  return list
}

function withOwn(list: RedFlagList, settings: RedFlagSettings, file: string): RedFlagList {
  const own = settings.categories.filter((category) => category.language === list.language)
  const categories = [...list.categories]
  const rules: RedFlagRule[] = [...list.rules]
  for (const { code, phrases, language: _language, ...changes } of own) {
    const at = categories.findIndex((category) => category.code === code)
    const category = { call: [], ...categories[at], code, ...present(changes) }
    if (!isWhole(category) || (at < 0 && phrases.length === 0))
      throw wrong(file, 'redFlags.categories', `"${code}" is new and needs title, priority, instruction and phrases`)
    categories.splice(at < 0 ? categories.length : at, at < 0 ? 0 : 1, category)
    if (phrases.length > 0) rules.push({ id: idOf(code, list.language), category: code, phrases, except: [] })
  }
  return { ...list, categories, rules }
}

/** Ids stand beside those of other languages. */
function idOf(code: string, language: string): string {
  return `clinic-${code}${language === 'en' ? '' : `-${language.toLowerCase()}`}`
}

function present(changes: object): Partial<RedFlagCategory> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
}

function isWhole(category: Partial<RedFlagCategory>): category is RedFlagCategory {
  return category.title !== undefined && category.priority !== undefined && category.instruction !== undefined
}

function wrong(file: string, path: string, mend: string, what = 'clinic mapping'): MappingError {
  return new MappingError(`${file} is not a valid ${what}:\n  ${path}: ${mend}\nMend these places; mappings/README.md explains each field.`)
}
