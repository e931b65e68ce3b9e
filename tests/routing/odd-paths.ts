/** Arbitrary paths made of everything that servers disagree about. */
import fc from 'fast-check'

const pieces = [
  '/',
  '/',
  '/',
  '//',
  'a',
  'admin',
  'static',
  'Admin',
  '.',
  '..',
  '...',
  ';',
  ';x=1',
  '..;',
  '\\',
  ':',
  '$DATA',
  '::$DATA',
  '%2e',
  '%2E',
  '%2f',
  '%5c',
  '%3b',
  '%3f',
  '%23',
  '%20',
  '%41',
  '%61dmin',
  '%252e',
  '%252f',
  '%25',
  '%',
  '%zz',
  '%u002f',
  '%u002e',
  '%c0%af',
  '%c0%ae',
  '%c1%9c',
  '%e0%80%af',
  '%ef%bc%8f',
  '%ef%bc%8e',
  '%e2%88%95',
  '%e9',
  '%c3%a9',
  '%25c0%25af'
]

export const oddPath = fc
  .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 9 })
  .map(parts => `/${parts.join('')}`)
