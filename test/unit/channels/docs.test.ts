import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CHANNELS } from '../../../src/channel-settings.ts'
import { rememberAfter } from '../../../src/channels/conversation-state.ts'
import { buildTools } from '../../../src/tools/catalog.ts'
import { startAtBeginning } from '../helpers/at-beginning.ts'
import { memoryGateway } from '../helpers/memory-gateway.ts'

const page = (name: string) => readFileSync(`docs/channels/${name}.md`, 'utf8')

startAtBeginning()

const tools = () => buildTools(memoryGateway().gateway)
/** Every name that an answer may set. */
const remembered = () =>
  new Set(
    ['ok', 'slot_taken', 'hold_expired', 'pending'].flatMap((outcome) =>
      tools().flatMap(({ name }) => Object.keys(rememberAfter(name, { outcome, message: '', next_actions: [], understood: 'resolved' }))),
    ),
  )

test.each(CHANNELS)('%s has a page that says how to open it', (name) => {
  expect(page(name)).toContain(`{"${name}": {"client": `)
  expect(page('README')).toContain(`/channels/${name}`)
})

test("Rasa's domain has every action, and every slot that is set", () => {
  const domain = /```yaml\nactions:([\s\S]*?)```/.exec(page('rasa'))?.[1] ?? ''
  for (const { name } of tools()) expect(domain).toContain(`- action_${name}\n`)
  for (const name of remembered()) expect(domain, name).toMatch(new RegExp(`^ {2}${name}: \\{ type: `, 'm'))
})

test("Dialogflow's page has every tag, and every parameter that is set", () => {
  for (const { name } of tools()) expect(page('dialogflow-cx')).toContain(`| \`${name}\` |`)
  for (const name of remembered()) expect(page('dialogflow-cx'), name).toContain(`\`${name}\``)
})
