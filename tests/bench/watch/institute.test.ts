import t from 'tap'
import { makeInstitute } from './institute.ts'

t.test(
  'institutes of different seeds have nobody in common, so that one may judge what another has chosen',
  async t => {
    const people = [1, 14, 22, 101, 303, 304, 403, 404].flatMap(seed => makeInstitute(seed, 300, 42).people)
    t.equal(new Set(people.map(({ activity }) => activity)).size, people.length)
  }
)
