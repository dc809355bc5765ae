import { describe, expect, test } from 'vitest'
import type { FhirResource, HumanName } from 'fhir/r4.js'
import { fingerprint } from '../../../src/fhir/ids.ts'
import { directoryOf, location, practitioner, role, schedule } from '../helpers/day.ts'

const people = [practitioner('ann'), practitioner('bob'), role('ann-role', 'ann', ['Location/house'])]
const places = [location('room', 'ro', 'house'), location('house', 'bu', 'site'), location('site', 'si')]
const info = (actors: readonly string[], ...more: readonly FhirResource[]) =>
  directoryOf(...people, ...places, ...more, schedule('s', actors)).schedules.get('s')!

describe('how a practitioner is called', () => {
  test.for<readonly [rule: string, name: HumanName[] | undefined, shown: string]>([
    ['by his text', [{ text: 'Dr. Ann Marsh, MD', family: 'Marsh' }], 'Dr. Ann Marsh, MD'],
    ['by prefix, first given name and family', [{ prefix: ['Dr.'], given: ['Ann', 'Lee'], family: 'Marsh' }], 'Dr. Ann Marsh'],
    ['by what there is', [{ family: 'Marsh' }], 'Marsh'],
    [
      'by the official name of several',
      [
        { use: 'nickname', text: 'Annie' },
        { use: 'official', text: 'Ann Marsh' },
      ],
      'Ann Marsh',
    ],
    ['by the first where none is official', [{ text: 'Annie' }, { text: 'Ann' }], 'Annie'],
    ['as the provider where he has no name', undefined, 'the provider'],
    ['as the provider where his name is empty', [{}], 'the provider'],
  ])('%s', ([, name, shown]) => {
    const { name: _, ...bare } = practitioner('cleo')
    const directory = directoryOf({ ...bare, ...(name && { name }) }, schedule('s', ['Practitioner/cleo']))
    expect(directory.schedules.get('s')?.provider).toEqual({ id: 'cleo', name: shown })
    expect(directory.person('cleo')?.name).toBe(shown === 'the provider' ? undefined : shown)
  })

  test('by the display of the Schedule where the Practitioner is not known', () => {
    const plan = schedule('s', [], { actor: [{ reference: 'Practitioner/gone', display: 'Dr. Gone' }] })
    expect(directoryOf(plan).schedules.get('s')?.provider).toEqual({ id: 'gone', name: 'Dr. Gone' })
  })
})

describe('the provider and the place of a Schedule', () => {
  test('a PractitionerRole is its practitioner', () => {
    expect(info(['PractitionerRole/ann-role'])).toMatchObject({ provider: { id: 'ann' }, exclusiveActors: ['Practitioner/ann'] })
  })

  test.for<readonly [rule: string, actors: readonly string[], place: string | undefined, around: readonly string[]]>([
    ['is the actor that is a Location', ['Practitioner/bob', 'Location/room'], 'room', ['room', 'house', 'site']],
    ['is where the role works', ['PractitionerRole/ann-role'], 'house', ['house', 'site']],
    ['is where a role of the practitioner works', ['Practitioner/ann'], 'house', ['house', 'site']],
    ['is the actor rather than where the role works', ['PractitionerRole/ann-role', 'Location/site'], 'site', ['site']],
    ['is unknown where nothing tells it', ['Practitioner/bob'], undefined, []],
    ['is unknown where the Location is', ['Practitioner/bob', 'Location/gone'], undefined, []],
  ])('its place %s', ([, actors, place, around]) => {
    const found = info(actors)
    expect(found.location?.id).toBe(place)
    expect(found.locationIds).toEqual(around)
  })

  test('places that are part of each other end the search', () => {
    const found = info(['Location/a'], location('a', 'ro', 'b'), location('b', 'ro', 'a'))
    expect(found.locationIds).toEqual(['a', 'b'])
  })

  test('a Location without a name is the clinic', () => {
    const found = info(['Location/plain'], { resourceType: 'Location', id: 'plain' })
    expect(found.location).toEqual({ id: 'plain', name: 'the clinic' })
  })
})

describe('exclusive actors', () => {
  test.for<readonly [actors: readonly string[], exclusive: readonly string[]]>([
    [
      ['Practitioner/ann', 'Location/room'],
      ['Practitioner/ann', 'Location/room'],
    ],
    [['Practitioner/ann', 'Location/site'], ['Practitioner/ann']],
    [['Practitioner/ann', 'PractitionerRole/ann-role'], ['Practitioner/ann']],
    [['Device/laser'], ['Device/laser']],
    [['Location/site', 'HealthcareService/flu'], ['Location/site']],
    [['HealthcareService/flu'], ['HealthcareService/flu']],
    [['https://elsewhere.example/Practitioner/1'], []],
  ])('of %j are %j', ([actors, exclusive]) => {
    expect(info(actors).exclusiveActors).toEqual(exclusive)
  })

  test.for(['ro', 'bd', 'ca', 've'])('a place of type %s holds one visit at a time', (kind) => {
    expect(info(['Location/x', 'Practitioner/ann'], location('x', kind)).exclusiveActors).toContain('Location/x')
  })

  test.for(['si', 'bu', 'wi', 'wa', 'lvl', 'ho', 'area', 'jdn'])('a place of type %s does not', (kind) => {
    expect(info(['Location/x', 'Practitioner/ann'], location('x', kind)).exclusiveActors).not.toContain('Location/x')
  })
})

describe('siblings and look-ups', () => {
  const directory = directoryOf(
    ...people,
    ...places,
    schedule('a1', ['Practitioner/ann']),
    schedule('a2', ['PractitionerRole/ann-role', 'Location/room']),
    schedule('b1', ['Practitioner/bob', 'Location/room']),
    schedule('b2', ['Practitioner/bob', 'Location/site']),
  )
  const siblings = (id: string) =>
    directory
      .siblings(directory.schedules.get(id)!)
      .map((each) => each.id)
      .sort()

  test('siblings share an exclusive actor, directly; everybody is his own', () => {
    expect([siblings('a1'), siblings('a2'), siblings('b2')]).toEqual([
      ['a1', 'a2'],
      ['a1', 'a2', 'b1'],
      ['b1', 'b2'],
    ])
  })

  test('a Schedule is found by its fingerprint, an unknown one is not', () => {
    expect(directory.byFingerprint(fingerprint('a2')).map((each) => each.id)).toEqual(['a2'])
    expect(directory.byFingerprint(fingerprint('nobody'))).toEqual([])
  })

  test('an actor stands for his roles, and a role for its practitioner', () => {
    expect(directory.references('Practitioner/ann')).toEqual(['Practitioner/ann', 'PractitionerRole/ann-role'])
    expect(directory.references('Practitioner/bob')).toEqual(['Practitioner/bob'])
    expect(directory.canonical({ reference: 'PractitionerRole/ann-role' })).toBe('Practitioner/ann')
    expect(directory.canonical({ reference: 'PractitionerRole/gone' })).toBe('PractitionerRole/gone')
    expect(directory.canonical({ display: 'somebody' })).toBeUndefined()
    expect(directory.canonical(undefined)).toBeUndefined()
  })

  test('it knows whether roles are used at all, and which version of a Schedule it has', () => {
    expect(directory.usesRoles).toBe(true)
    expect(directoryOf(...people, schedule('a1', ['Practitioner/ann'])).usesRoles).toBe(false)
    expect(directory.schedules.get('a1')?.version).toBe('1')
  })

  test('people and places are found by id', () => {
    expect(directory.place('room')).toEqual({ id: 'room', name: 'Place room' })
    expect([directory.place('gone'), directory.person('gone')]).toEqual([undefined, undefined])
  })
})
