/** The drawing on the pages: a shut, ajar or open door, or a key. It is decorative; page.css has its shapes, since every page would repeat them. */

export type Drawing = 'shut' | 'ajar' | 'open' | 'key'

export function Door({ state }: { state: Drawing }) {
  return <div class={`door ${state}`} />
}
