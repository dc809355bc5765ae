import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Appointment, Slot } from 'fhir/r4.js'
import { Temporal } from 'temporal-polyfill'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AnswerBody } from '../helpers/api.ts'
import { openDesk, ZONE } from '../helpers/clinic.ts'
import { runProgram, runScript, type Ended } from '../helpers/command.ts'
import { inEhr } from '../helpers/ehr-changes.ts'
import { startForgetfulEhr } from '../helpers/forgetful-ehr.ts'
import { fencedBlocks } from '../helpers/fenced-blocks.ts'
import { freePort, startGateway, type GatewayProcess } from '../helpers/gateway-process.ts'
import { expectProblem } from '../helpers/problem-body.ts'
import { hapiOnH2, isFullRun } from '../helpers/servers.ts'
import { expectSound, succeed } from '../helpers/writes.ts'

const fhir = hapiOnH2()
const HERE = { FHIR_BASE_URL: fhir.baseUrl }
const NEEDS = 10
const nowhere = async () => `http://127.0.0.1:${await freePort()}/fhir`
/** A message for people: what is wrong, no stack trace. */
const expectMessage = (ended: Ended, ...texts: string[]) => {
  expect(ended.code, ended.output).toBe(1)
  for (const text of texts) expect(ended.output).toContain(text)
  expect(ended.output).not.toMatch(/^\s+at .+:\d+/m)
}

let seeded: Ended
let gateway: GatewayProcess
beforeAll(async () => {
  seeded = await runScript('seed', [], HERE)
  gateway = await startGateway({ fhirBaseUrl: fhir.baseUrl, environment: { MAPPING_FILE: 'mappings/demo-clinic.json' } })
})
afterAll(() => gateway.stop())

describe('npm run seed', () => {
  const slotsOf = async (schedule: string, query = '') => {
    const found: Slot[] = []
    // A busy Schedule has more Slots than one page holds.
    for (let week = 0; week < 5; week++) {
      const [from, to] = [week, week + 1].map((weeks) => Temporal.Now.plainDateISO(ZONE).add({ weeks }).toZonedDateTime(ZONE))
      const span = [from, to].map((at) => encodeURIComponent(at?.toString({ timeZoneName: 'never' }) ?? ''))
      found.push(...(await fhir.search('Slot', `schedule=Schedule/${schedule}&start=ge${span[0] ?? ''}&start=lt${span[1] ?? ''}${query}`)))
    }
    return found
  }
  const local = (slot: Slot) => Temporal.Instant.from(slot.start).toZonedDateTimeISO(ZONE)

  test('loads the demo clinic: eight people in three places, 200 patients', async () => {
    expect(seeded.code, seeded.output).toBe(0)
    expect(seeded.output).toMatch(/Done in .+: [\d,]+ new, 0 were there before$/m)
    const roles = await fhir.search('PractitionerRole', 'organization=Organization/demo-harbor-lights')
    expect(new Set(roles.map((role) => role.practitioner?.reference)).size).toBe(8)
    for (const role of roles) await fhir.read('Practitioner', role.practitioner?.reference?.split('/')[1] ?? '')
    const places = await fhir.search('Location', 'organization=Organization/demo-harbor-lights')
    expect(places.filter((place) => place.partOf === undefined)).toHaveLength(3)
    expect(await fhir.search('Patient', 'identifier=https://harbor-lights.example/mrn%7C')).toHaveLength(200)
  })

  test('its Slots fill four weeks from today on, some of them taken', async () => {
    const slots = await slotsOf('demo-ada-marsh-clinic')
    const today = Temporal.Now.plainDateISO(ZONE)
    const days = new Set(slots.map((slot) => local(slot).toPlainDate().toString()))
    expect([...days].sort()).toEqual(Array.from({ length: 28 }, (_, index) => today.add({ days: index }).toString()))
    expect(slots.filter((slot) => slot.status === 'busy').length).toBeGreaterThan(20)
    expect(slots.filter((slot) => slot.status === 'free').length).toBeGreaterThan(400)
  })

  test('two Schedules of one person overlap, two people share a room', async () => {
    const [clinic, telehealth] = [await slotsOf('demo-ada-marsh-clinic'), await slotsOf('demo-ada-marsh-telehealth')]
    const overlaps = (a: Slot, b: Slot) => Date.parse(a.start) < Date.parse(b.end) && Date.parse(b.start) < Date.parse(a.end)
    expect(telehealth.length).toBeGreaterThan(100)
    expect(telehealth.every((slot) => clinic.some((other) => overlaps(slot, other)))).toBe(true)
    const sharing = await fhir.search('Schedule', 'actor=Location/demo-procedure-room')
    const people = sharing.flatMap((schedule) => schedule.actor.map((actor) => actor.reference ?? ''))
    expect(people.filter((actor) => actor.startsWith('Practitioner/')).sort()).toEqual([
      'Practitioner/demo-finn-abara',
      'Practitioner/demo-gia-romano',
    ])
  })

  test('nights in which the clock changes have Slots: no hour from two to three in spring, two from one to two in autumn', async () => {
    const slots = await fhir.search('Slot', 'schedule=Schedule/demo-dst')
    const byDay = Map.groupBy(slots, (slot) => local(slot).toPlainDate().toString())
    const nights = [...byDay.values()].map((day) => day.map((slot) => local(slot).toPlainTime().toString()).sort())
    const count = (night: string[], time: string) => night.filter((one) => one === time).length
    expect(nights.filter((night) => count(night, '01:30:00') === 2 && count(night, '02:30:00') === 1)).toHaveLength(1)
    expect(nights.filter((night) => count(night, '01:30:00') === 1 && count(night, '02:30:00') === 0)).toHaveLength(1)
    expect(new Set(slots.map((slot) => slot.start.slice(-6)))).toEqual(new Set(['-07:00', '-08:00']))
  })

  test('the front desk has entered visits past the Slots', async () => {
    const visits = await fhir.search('Appointment', 'actor=Practitioner/demo-ben-okafor&status=booked')
    expect(visits.length).toBeGreaterThan(5)
    expect(visits.every((visit) => visit.slot === undefined && visit.participant.length === 2)).toBe(true)
  })

  /** Ben Okafor's next free times, and patients of the demo: nobody else in this file uses them. */
  async function book(): Promise<{ booked: Appointment; held: Appointment }> {
    const offers = (await gateway.api.get('/availability?type=follow-up&provider=demo-ben-okafor')).body.slots
    const visit = { slot_id: offers[0]?.slot_id, patient: 'Patient/demo-p050' }
    const booked = await succeed(gateway.api.post('/appointments', visit))
    const held = await succeed(gateway.api.post('/holds', { slot_id: offers[1]?.slot_id, patient: 'Patient/demo-p051' }))
    return { booked: await inEhr(fhir, booked.body.appointment_id), held: await inEhr(fhir, held.body.hold_id) }
  }
  const slotOf = (visit: Appointment) => fhir.read('Slot', visit.slot?.[0]?.reference?.split('/')[1] ?? '')
  const again = async (visit: Appointment) => fhir.read('Appointment', visit.id ?? '')

  test('a second time it makes nothing new, and leaves a visit and a hold alone', async () => {
    const { booked, held } = await book()
    const slots = [await slotOf(booked), await slotOf(held)]
    const second = await runScript('seed', [], HERE)
    expect(second.code, second.output).toBe(0)
    expect(second.output).toMatch(/Done in .+: 0 new, [\d,]+ were there before, 2 left alone \(booked, held or changed since\)$/m)
    expect([await again(booked), await again(held)]).toEqual([booked, held])
    expect([await slotOf(booked), await slotOf(held)]).toEqual(slots)
    expect(slots.map((slot) => slot.status)).toEqual(['busy', 'busy-tentative'])
  })

  test.runIf(isFullRun)('--fresh cancels what was booked and frees its Slots', async () => {
    const { booked } = await book()
    const fresh = await runScript('seed', ['--fresh'], HERE)
    expect(fresh.code, fresh.output).toBe(0)
    expect(fresh.output).toMatch(/\d+ live visits cancelled/)
    expect(await again(booked)).toMatchObject({ status: 'cancelled' })
    expect(await slotOf(booked)).toMatchObject({ status: 'free' })
  })

  test('wrong arguments, no server, no mapping: says so, and how to go on', async () => {
    const usage = 'Usage: npm run seed -- [--fresh] [--from FILE.ndjson [--zone IANA/Zone]]'
    const address = await nowhere()
    const [unknown, extra, empty, alone, unmapped] = await Promise.all([
      runScript('seed', ['--nonsense'], HERE),
      runScript('seed', ['everything'], HERE),
      runScript('seed', ['--from'], HERE),
      runScript('seed', [], { FHIR_BASE_URL: address }),
      runScript('seed', [], { ...HERE, MAPPING_FILE: 'no/such/mapping.json' }),
    ])
    for (const ended of [unknown, extra, empty]) expectMessage(ended, usage)
    expectMessage(alone, `The FHIR server at ${address} does not answer (ECONNREFUSED)`, 'npm run stack')
    expectMessage(unmapped, 'no/such/mapping.json')
  })
})

describe('npm run doctor', () => {
  /** The lines of the table, by what they say about the need. */
  const table = ({ output }: Ended) => ({
    ok: output.split('\n').filter((line) => / {2}ok {6}/.test(line)),
    failed: output.split('\n').filter((line) => / {2}FAILED {2}/.test(line)),
  })
  /** Everything that an examination writes lies in the year 2000. */
  const leftovers = async () => [
    ...(await fhir.search('Slot', 'start=lt2001-01-01T00:00:00Z')),
    ...(await fhir.search('Appointment', 'date=lt2001-01-01T00:00:00Z')),
    ...(await fhir.search('Schedule', 'active=false')),
    ...(await fhir.search('Task', 'status=entered-in-error')),
  ]

  test('passes on this server, named either way, and leaves nothing behind', async () => {
    for (const ended of [await runScript('doctor', ['--fhir', fhir.baseUrl]), await runScript('doctor', [], HERE)]) {
      expect(ended.code, ended.output).toBe(0)
      expect(ended.output).toContain(`Examining ${fhir.baseUrl}`)
      expect(table(ended).ok).toHaveLength(NEEDS)
      expect(table(ended).failed).toEqual([])
      expect(ended.output).toContain(`All ${NEEDS} needs are met`)
    }
    expect(await leftovers()).toEqual([])
  })

  test('says where nothing answers, where no FHIR server does, and what it takes', async () => {
    const address = await nowhere()
    const [alone, other, word, empty, unknown] = await Promise.all([
      runScript('doctor', ['--fhir', address]),
      runScript('doctor', ['--fhir', gateway.api.baseUrl]),
      runScript('doctor', ['--fhir', 'ehr.example']),
      runScript('doctor', ['--fhir']),
      runScript('doctor', ['--nonsense']),
    ])
    expectMessage(alone, `The FHIR server at ${address} does not answer (ECONNREFUSED)`)
    expectMessage(other, `${gateway.api.baseUrl} answers (status 404), but not like a FHIR server`)
    expectMessage(word, '"ehr.example" is not an address. Write the base URL')
    for (const ended of [empty, unknown]) expectMessage(ended, 'Usage: npm run doctor -- [--fhir URL]')
  })

  test('fails a server that ignores If-Match, says why, and the gateway writes nothing to it', async () => {
    const forgetful = await startForgetfulEhr(fhir.baseUrl)
    try {
      const ended = await runScript('doctor', ['--fhir', forgetful.fhirBaseUrl])
      expect(forgetful.ignored()).toBeGreaterThan(0)
      expectMessage(ended, `3 of ${NEEDS} needs are not met. Two visits could get the same time on this server`, '503 to every write')
      expect(table(ended).ok).toHaveLength(NEEDS - 3)
      expect(table(ended).failed).toEqual([
        expect.stringMatching(/^PUT with If-Match W\/"0" creates once.+ FAILED {2}200, then 200; the other entry WAS APPLIED$/),
        expect.stringMatching(/^If-Match in a transaction refuses a stale version +FAILED {2}200, then 200$/),
        expect.stringMatching(/^A refused transaction leaves nothing behind +FAILED/),
      ])
      expect(await leftovers()).toEqual([])
      await expectNoWrites(forgetful.fhirBaseUrl)
    } finally {
      await forgetful.stop()
    }
    expect(await leftovers()).toEqual([])
  })

  async function expectNoWrites(fhirBaseUrl: string): Promise<void> {
    const desk = await openDesk(fhir, { slots: 2, patients: 1 })
    const careful = await startGateway({ fhirBaseUrl, until: 'live', capture: true })
    try {
      const [offer] = await careful.api.offers('short', desk.provider)
      for (const path of ['/holds', '/appointments']) {
        const answer = await careful.api.post(path, { slot_id: offer?.slot_id, patient: desk.patients[0] })
        expectProblem(answer, 'ehr_unavailable')
        expect(answer.body['detail']).toContain('npm run doctor')
      }
      const ready = await careful.api.get('/health/ready', { auth: null })
      expect(ready).toMatchObject({ status: 503, body: { checks: { ehr: 'up', writes: 'refused' } } })
    } finally {
      await careful.stop()
    }
    expect(careful.output()).toContain('If-Match in a transaction refuses a stale version')
    await expectSound(fhir, desk, { live: 0, all: 0 })
  }
})

describe("README's first calls", () => {
  const MARK = '---- end of block ----'
  let commands: string[]
  let documented: string[]
  let outputs: string[]

  beforeAll(async () => {
    const [, section = ''] = readFileSync('README.md', 'utf8').split('\n## First calls\n')
    const blocks = fencedBlocks(section.split('\n## ')[0] ?? '')
    commands = blocks.filter((block) => block.language === 'sh').map((block) => block.text)
    documented = blocks.filter((block) => block.language === '').map((block) => block.text)
    const [setUp = '', find = '', who = '', book = '', change = ''] = commands
    const here = setUp.replace('GATEWAY=http://127.0.0.1:3000\n', `GATEWAY=${gateway.api.baseUrl}\n`)
    expect(here).not.toBe(setUp)
    // "Send the same call again": the last line of the booking.
    const same = book.trimEnd().split('\n').at(-1) ?? ''
    const script = [here, find, who, book, same, change].map((block) => `${block}\necho '${MARK}'\n`).join('')
    const ended = await runProgram('bash', ['-c', script], { PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` })
    outputs = ended.output.split(`${MARK}\n`).map((output) => output.trim())
  })
  const answer = (index: number, line = 0) => JSON.parse(outputs[index]?.split('\n')[line] ?? '') as AnswerBody

  test('there are five steps, and those that set variables print nothing', () => {
    expect(commands).toHaveLength(5)
    expect(outputs).toHaveLength(7)
    expect([outputs[0], outputs[2], outputs[6]]).toEqual(['', '', ''])
  })

  test('find, hold and book, repeat, move, cancel: each answers as it is written there', async () => {
    const found = answer(1)
    expect(found.slots).toHaveLength(10)
    expect(found.slots[0]).toMatchObject({ type: 'follow-up', provider: { id: 'demo-ada-marsh', name: 'Dr. Ada Marsh' } })
    const booked = answer(3)
    expect(booked).toMatchObject({ status: 'booked', version: '2', replayed: false, start: found.slots[0]?.start })
    expect(answer(4)).toEqual({ ...booked, replayed: true })
    const [moved, cancelled] = [answer(5, 0), answer(5, 1)]
    expect(moved).toMatchObject({ appointment_id: booked.appointment_id, status: 'booked', version: '3' })
    expect(moved['start']).not.toBe(booked['start'])
    expect(cancelled).toMatchObject({ appointment_id: booked.appointment_id, state: 'cancelled', version: '4', replayed: false })
    const visit = await inEhr(fhir, booked.appointment_id)
    expect(visit.status).toBe('cancelled')
    expect(visit.participant.map((one) => one.actor?.reference)).toContain('Patient/demo-p001')
  })

  test('every field that the printed answers show is there', () => {
    const fields = (text: string) => [...text.matchAll(/"(\w+)":/g)].map(([, name]) => name ?? '')
    expect(documented.map((text) => fields(text).length > 5)).toEqual([true, true, true])
    for (const [index, output] of [outputs[1], outputs[3], outputs[5]?.split('\n')[1]].entries()) {
      expect(fields(output ?? '')).toEqual(expect.arrayContaining(fields(documented[index] ?? '')))
    }
  })
})

test('the calls of docs/connect-your-chatbot.md book a visit, cancel it, and ask a tool', async () => {
  const blocks = fencedBlocks(readFileSync('docs/connect-your-chatbot.md', 'utf8')).slice(1)
  const script = ['set -e', `GATEWAY=${gateway.api.baseUrl}`, ...blocks.map(({ text }) => text)].join('\n')
  const ended = await runProgram('bash', ['-c', script], { PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` })
  expect(ended.code, ended.output).toBe(0)
  expect(ended.output).toMatch(/^3 times are free\. The first is .+\.$/m)
  expect(ended.output).toMatch(/^The visit is booked for .+\. The confirmation code is .+\.$/m)
  expect(ended.output).toMatch(/^The visit on .+ is cancelled\.$/m)
  expect(ended.output).toMatch(/"understood":"(resolved|ambiguous)"/)
})
