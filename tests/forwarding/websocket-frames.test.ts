import t from 'tap'
import { closeFrame, FrameBoundary } from '../../src/forwarding/websocket-frames.ts'

t.test('frames are told apart however their bytes are cut', t => {
  const frames = [
    Buffer.from([0x81, 0x00]),
    Buffer.concat([Buffer.from([0x82, 0x7d]), Buffer.alloc(125)]),
    Buffer.concat([Buffer.from([0x82, 0x7e, 0x01, 0x00]), Buffer.alloc(256)]),
    Buffer.concat([Buffer.from([0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]), Buffer.alloc(65_536)]),
    Buffer.concat([Buffer.from([0x82, 0x83, 1, 2, 3, 4]), Buffer.alloc(3)])
  ]
  const all = Buffer.concat(frames)
  const ends = new Set(frames.map((_, i) => Buffer.concat(frames.slice(0, i + 1)).length))
  for (const size of [1, 2, 3, 7, 4_096, all.length]) {
    const boundary = new FrameBoundary()
    const wrong: number[] = []
    for (let at = 0; at < all.length; at += size) {
      boundary.feed(all.subarray(at, at + size))
      const read = Math.min(at + size, all.length)
      if (boundary.isBetweenFrames !== ends.has(read)) wrong.push(read)
    }
    t.same(wrong, [], `${size} at a time`)
  }
  t.equal(closeFrame(1008, 'x'.repeat(500)).length, 127, 'a control frame is never longer')
  t.end()
})
