import { describe, expect, test } from 'vitest'
import { loadRedFlags } from '../../../src/clinic/load-red-flags.ts'
import { Screening } from '../../../src/intake/screening.ts'
import { testMapping } from '../../helpers/clinic.ts'

const screening = new Screening(loadRedFlags(testMapping().redFlags, 'mappings/demo-clinic.json'))

describe('details for the staff', () => {
  test.for([
    'refill of my metformin',
    'can I take 400mg with food',
    'how many pills should I take',
    'should I stop taking it',
    'I was diagnosed last week',
    'my HIV visit',
    'biopsy showed something',
    'the results are abnormal',
    'I tested positive',
    'my cancer came back',
    'my SSN is 123-45-6789',
    '123456789',
    '123–45–6789',
    'card 4111 1111 1111 1111',
    'pay with 5500-0000-0000-0004',
    'receta de insulina',
    'cuántas pastillas debo tomar',
    'me diagnosticaron algo',
    'di positivo',
    'mi seguro social',
    'tarjeta de crédito',
  ])('%s', (text) => {
    expect(screening.redFlagIn(text)).toBeUndefined()
    expect(screening.sensitiveIn(text)).toMatch(/privacy|privacidad/)
  })

  test('are answered in the language they came in', () => {
    expect(screening.sensitiveIn('quiero mi receta')).toMatch(/^Para proteger/)
    expect(screening.sensitiveIn('I want my refill')).toMatch(/^For your privacy/)
  })
})

describe('what a visit may be for', () => {
  test.for([
    'check-up after surgery',
    'blood pressure follow-up',
    'annual physical',
    'a cough',
    'skin cancer screening',
    'hepatitis B vaccine',
    'to discuss my lab results',
    'can I take the 9am slot',
    'call me at 555-010-0199',
    '+1 (555) 010-0199 ext 12',
    'born 02/03/1980',
    'order 4111 1111 1111 1112',
    'labs are due',
    'vacuna contra la hepatitis',
    'control después de cirugía',
    'revisión anual',
    'dolor de rodilla',
    'cita a las 9 el 12 de marzo',
  ])('%s', (text) => {
    expect(screening.redFlagIn(text)).toBeUndefined()
    expect(screening.sensitiveIn(text)).toBeUndefined()
  })
})
