/** Lists of people as CSV: what is read, and which line has which mistake. */
import t from 'tap'
import { csvOf, readPeopleList } from '../../src/administration/people-list.ts'

const taken = (name: string) => name === 'ada'
const ada = {
  line: 1,
  name: 'grace',
  displayName: 'Grace Hopper',
  email: 'grace@lab.example',
  groups: ['navy', 'cobol']
}

t.test('what is read', async t => {
  for (const [sentence, text, people] of [
    ['four fields in their order', 'grace,Grace Hopper,grace@lab.example,navy cobol', [ada]],
    [
      'a header gives another order',
      'email,name\r\ngrace@lab.example,grace\r\n',
      [{ line: 2, name: 'grace', email: ada.email }]
    ],
    [
      'a header in the words of the pages',
      'User name;Displayed name;E-mail address;Groups\ngrace;Grace Hopper;grace@lab.example;navy cobol',
      [{ ...ada, line: 2 }]
    ],
    ['semicolons, as spreadsheets of some countries write', 'grace;Grace Hopper;grace@lab.example;navy,cobol', [ada]],
    ['tabs', 'grace\tGrace Hopper\tgrace@lab.example\tnavy|cobol', [ada]],
    [
      'quotes, with separators and line breaks in them',
      '"grace","Grace ""Amazing"" Hopper"\ntu,"You\tyou"',
      [{ displayName: 'Grace "Amazing" Hopper' }]
    ],
    ['a name alone', ' Grace ', [{ name: 'grace', displayName: null, email: null, groups: [] }]],
    ['empty lines and a byte order mark', '\ufeff\n\ngrace\n\n', [{ line: 3, name: 'grace' }]],
    ['nothing', ' \n', []]
  ] as const) {
    const read = readPeopleList(text, taken)
    t.match(read.people, people, sentence)
    if (!text.includes('\t') || text.startsWith('grace')) t.same(read.mistakes, [], sentence)
  }
  t.match(readPeopleList('grace', taken, { nameOf: name => `${name}@campus` }).people, [{ name: 'grace@campus' }])
})

t.test('a header with an unknown column, or with one twice, is no person', async t => {
  const mistake = { line: 1, problem: 'heading', text: 'name, display, email, groups' }
  for (const header of ['name,email,invitation', 'Username,E-mail,Mail'])
    t.match(readPeopleList(`${header}\ngrace,grace@lab.example,x`, taken), { people: [], mistakes: [mistake] }, header)
})

t.test('each mistake has its line', async t => {
  const text = [
    'grace',
    'Grace',
    'ada,Ada',
    'not a name',
    'tu,,no address',
    'wu,Wu,wu@lab.example,a b,too many',
    'ida,Ida\u202e',
    'eve,Eve,,operators',
    'mia,Mia,,helpdesk',
    'zoe,"Zoe'
  ].join('\n')
  const { people, mistakes } = readPeopleList(text, taken)
  t.same(
    mistakes.map(({ line, problem, number }) => [line, problem, number]),
    [
      [2, 'twice', 1],
      [3, 'taken', 0],
      [4, 'name', 0],
      [5, 'email', 0],
      [6, 'fields', 5],
      [7, 'display', 0],
      [8, 'role', 0],
      [9, 'role', 0],
      [10, 'quote', 0]
    ]
  )
  t.same(
    people.map(({ name }) => name),
    ['grace']
  )
})

t.test('a spreadsheet computes nothing of what is written', async t => {
  t.equal(csvOf([['=1+1', '+x', '-x', '@x', 'a,b', 'a"b', 'plain']]), `'=1+1,'+x,'-x,'@x,"a,b","a""b",plain\r\n`)
})
