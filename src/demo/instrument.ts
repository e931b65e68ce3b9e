/** The instrument of the sample lab: its readings at a moment, and its console's answers. Pure functions. */
import { totalIonCurrent } from './samples.ts'

export interface Reading {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly counts: number
  readonly pressureBar: number
  readonly columnCelsius: number
  /** The rest of the running injection. */
  readonly secondsLeft: number
}

/** Settings from the console, shared by everybody. */
export interface Instrument {
  flow: number
  valve: 'load' | 'inject'
}

/** A run lasts 132 s; `now` in milliseconds. */
export function read(instrument: Instrument, now: number): Reading {
  const second = now / 1000
  const open = instrument.valve === 'inject'
  return {
    at: now,
    counts: open ? totalIonCurrent(second) : 9e4 + Math.round(Math.sin(second * 4.1) * 9e3),
    pressureBar: Math.round(10 * (instrument.flow * 820 + Math.sin(second / 3) * 2.5)) / 10,
    columnCelsius: Math.round(100 * (45 + Math.sin(second / 17) * 0.08)) / 100,
    secondsLeft: Math.round(132 - (second % 132))
  }
}

const help = [
  'help             this list',
  'status           what the sensors say',
  'flow 0.1 … 0.6   pump, mL/min',
  'valve load       bypass the column',
  'valve inject     back to the column',
  'whoami           who the gate says you are',
  'echo …           the same again'
].join('\n')

/** The answer to one line, which may change `instrument`. */
export function answer(instrument: Instrument, line: string, who: string | null, now: number): string {
  const [command = '', ...rest] = line.trim().split(/\s+/)
  const argument = rest.join(' ')
  switch (command.toLowerCase()) {
    case '':
      return ''
    case 'help':
      return help
    case 'status': {
      const reading = read(instrument, now)
      return `${instrument.valve} · ${instrument.flow} mL/min · ${reading.pressureBar} bar · ${reading.columnCelsius} °C`
    }
    case 'flow': {
      const flow = Number(argument)
      if (!(flow >= 0.1 && flow <= 0.6)) return 'flow takes 0.1 to 0.6 mL/min'
      instrument.flow = flow
      return `flow ${flow} mL/min, settling`
    }
    case 'valve':
      if (argument !== 'load' && argument !== 'inject') return 'valve takes load or inject'
      instrument.valve = argument
      return `valve at ${argument}`
    case 'whoami':
      return who ?? 'nobody has vouched for you'
    case 'echo':
      return line.trim().slice(5)
    default:
      return `no command ${command}; try help`
  }
}
