// @ts-check

/**
 * Somebody the demo clinic knows (`npm run seed`); all of them are fictitious.
 * @typedef {{ name: string, mrn: string, birth_date: string }} Person
 */

/** @type {readonly Person[]} */
export const PEOPLE = [
  { name: 'Nora Fields', mrn: 'HL-100001', birth_date: '1984-05-17' },
  { name: 'Carla Oakes', mrn: 'HL-100002', birth_date: '1979-05-13' },
  { name: 'Dario Vance', mrn: 'HL-100003', birth_date: '2001-01-16' },
]
