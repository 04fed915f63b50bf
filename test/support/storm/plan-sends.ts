/** One request to raise a trigger; two with one key are one raise. */
export interface Send {
  readonly trigger: string
  readonly key: string
}

export interface Plan {
  readonly raises: number
  readonly triggers: readonly string[]
  /** Between 0 and 1. */
  readonly random: () => number
}

/** Shares of the raises. */
const [doubled, displaced] = [0.2, 0.1] as const
/** How many places a displaced send may move. */
const farthest = 50

/**
 * The sends of so many raises, in order. A fifth is sent a second time under the same key, half of those right behind the
 * first, so that both are under way at once; a tenth of all comes earlier or later than it was meant to.
 */
export function planSends({ raises, triggers, random }: Plan): Send[] {
  const placed: { readonly send: Send; readonly place: number }[] = []
  for (let number = 0; number < raises; number++) {
    const send = { trigger: triggers[number % triggers.length] ?? '', key: `k${number}` }
    const moved = random() < displaced ? (random() - 0.5) * 2 * farthest : 0
    placed.push({ send, place: number + moved })
    if (random() >= doubled) continue
    const later = random() < 0.5 ? 0.5 : random() * (raises - number)
    placed.push({ send, place: number + moved + later })
  }
  return placed.toSorted((one, two) => one.place - two.place).map(({ send }) => send)
}
