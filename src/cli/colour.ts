/** Colours for a terminal, in addition to words; none in pipes and with NO_COLOR (no-color.org). */
import type { Io } from './command.ts'

const codes = { red: '1;31', yellow: '1;33', green: '1;32' } as const

type Paint = Readonly<Record<keyof typeof codes, (text: string) => string>>

export function colours({ isTTY, env }: Pick<Io, 'isTTY' | 'env'>): Paint {
  const isOn = isTTY && !env.NO_COLOR && env.TERM !== 'dumb'
  const paint = (code: string) => (text: string) => (isOn ? `\u001b[${code}m${text}\u001b[0m` : text)
  return { red: paint(codes.red), yellow: paint(codes.yellow), green: paint(codes.green) }
}
