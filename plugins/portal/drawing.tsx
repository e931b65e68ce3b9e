/** The drawing on the pages: a shut, ajar or open door, or a key. It is decorative. */

export type Drawing = 'shut' | 'ajar' | 'open' | 'key'

const frame = 'M5 66h62M18 66V9.5A2.5 2.5 0 0 1 20.5 7h31A2.5 2.5 0 0 1 54 9.5V66'

export function Door({ state }: { state: Drawing }) {
  return (
    <svg class="door" viewBox="0 0 72 76" aria-hidden="true">
      {state === 'key' ? <Key /> : <Frame state={state} />}
    </svg>
  )
}

function Frame({ state }: { state: Exclude<Drawing, 'key'> }) {
  return (
    <>
      {state === 'ajar' && <path class="light" d="M41 11h9v55h8l5 8H30l11-12z" />}
      {state === 'open' && <path class="light" d="M22 11h28v55h8l8 8H6l8-8h8z" />}
      <path d={frame} />
      {state === 'shut' && <path d="M22 66V11h28v55M28 18h16v15H28zM28 42h16v15H28z" />}
      {state === 'ajar' && <path d="M22 66V11l19 5v46zM27.5 20l8 2v12.5l-8-.8zM27.5 41.5l8 .3V54l-8 2.2z" />}
      {state === 'open' && <path d="M22 66V11l7 4v47z" />}
      {state === 'shut' && <circle class="knob" cx="46.5" cy="38" r="1.8" />}
      {state === 'ajar' && <circle class="knob" cx="38.5" cy="39" r="1.6" />}
      {state === 'open' && <circle class="knob" cx="27" cy="39" r="1.2" />}
    </>
  )
}

function Key() {
  return (
    <>
      <path d="M34.5 40.5 60 66m-9-9 6-6m1 13 6-6" />
      <circle cx="25" cy="31" r="14" />
      <circle class="knob" cx="21.5" cy="27.5" r="3.5" />
    </>
  )
}
