/** Reused read buffers: memory must not be reused while somebody still needs its bytes. */
import t from 'tap'
import { ReadBuffer } from '../../src/upstream/read-buffer.ts'

const full = 64 * 1024

/** Does one read of `length` bytes, as the connection of a WebSocket does, and returns the buffer of the next one. */
function read(buffer: ReadBuffer, length: number): Buffer {
  buffer.noteRead(length)
  return buffer.next()
}

t.test('what is small is read into one place for everybody, and must be copied', async t => {
  const [one, other] = [new ReadBuffer(), new ReadBuffer()]
  t.equal(one.next(), other.next())
  t.equal(one.take(), null)
  t.equal(read(one, 4096), other.next(), 'for as long as a read does not fill it')
})

t.test('a WebSocket that brings much gets a place of its own, and gives it back', async t => {
  const [one, other] = [new ReadBuffer(), new ReadBuffer()]
  const common = one.next()
  const own = read(one, full)
  t.not(own, common)
  t.not(read(other, full), own, 'and nobody else’s')
  for (let i = 0; i < 15; i++) t.equal(read(one, 10), own, 'a pause between two big messages takes nothing away')
  t.equal(read(one, 10), common)
  one.drop()
  other.drop()
  t.equal(other.next(), common)
})

t.test('what is still needed is not read into again', async t => {
  const buffer = new ReadBuffer()
  const own = read(buffer, full)
  const leave = buffer.take()
  t.type(leave, 'function')
  const next = read(buffer, full)
  t.not(next, own)
  leave?.()
  const third = new ReadBuffer()
  t.equal(read(third, full), own, 'once it is out, the next one may')
  buffer.drop()
  third.drop()
})

t.test('only so many WebSockets have one: they may keep it for ever', async t => {
  const many = Array.from({ length: 300 }, () => new ReadBuffer())
  const common = new ReadBuffer().next()
  const own = new Set(many.map(buffer => read(buffer, full)).filter(place => place !== common))
  t.equal(own.size, 256)
  t.equal(read(many[299]!, full), common)
  many[0]!.drop()
  t.not(read(many[299]!, full), common, 'when one has left')
  for (const buffer of many) buffer.drop()
  t.not(read(many[0]!, full), common)
  many[0]!.drop()
})

t.test('a body’s place is no WebSocket’s: it has as many as there are bodies', async t => {
  const bodies = Array.from({ length: 300 }, () => new ReadBuffer())
  const places = bodies.map(buffer => {
    buffer.isBig = true
    return buffer.next()
  })
  t.equal(new Set(places).size, 300)
  for (const buffer of bodies) buffer.drop()
})

/** Reads until it gets wide buffers, as far as there are any. */
function hurry(buffer: ReadBuffer): Buffer {
  buffer.isBig = true
  let place = buffer.next()
  for (let i = 0; i < 17; i++) {
    buffer.view(place.length)
    place = buffer.next()
  }
  return place
}

t.test('a fast body is read in larger pieces, until its client is slow', async t => {
  const buffer = new ReadBuffer()
  buffer.isBig = true
  t.equal(buffer.next().length, full)
  t.equal(hurry(buffer).length, 4 * full)
  buffer.noteWait(20)
  t.equal(buffer.next().length, 4 * full, 'a short wait changes nothing')
  buffer.noteWait(100)
  t.equal(buffer.next().length, full)
  t.equal(hurry(buffer).length, 4 * full, 'and again, once it is fast')
  buffer.drop()
  buffer.isBig = true
  t.equal(buffer.next().length, full, 'the next body begins anew')
  buffer.view(10)
  buffer.drop()
})

t.test('clients that stop reading hold few large pieces: no more than 32', async t => {
  const many = Array.from({ length: 100 }, () => new ReadBuffer())
  const places = many.map(hurry)
  t.equal(places.filter(({ length }) => length > full).length, 32)
  t.equal(new Set(places).size, 100, 'each has its own')
  for (const buffer of many.slice(0, 10)) buffer.drop()
  const others = Array.from({ length: 100 }, () => new ReadBuffer())
  t.equal(others.map(hurry).filter(({ length }) => length > full).length, 10, 'when some have left, others get them')
  for (const buffer of [...many, ...others]) buffer.drop()
})
