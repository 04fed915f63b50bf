// A poll that the server answers when the count has risen. Each side offers it by a header and neither needs it.

/** In every answer about a trigger: which run of counts the number belongs to. In a held poll: which one is known. */
export const epochHeader = 'prostagma-epoch'

/** In an answer: seconds for which a poll may be held. In a request: seconds for which it is to be held. */
export const holdHeader = 'prostagma-hold'

/** In a held poll: the count that is known. */
export const afterHeader = 'prostagma-after'

/** Seconds; less than the minute after which proxies in between give up. */
export const longestHold = 25

/** What a poll is answered. */
export function countText(trigger: string, count: number): string {
  return `${escapeMarkup(JSON.stringify({ trigger, count }))}\n`
}

/** As the reference writes JSON, so that it may stand in a page. */
function escapeMarkup(json: string): string {
  return json.replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => String.raw`\u` + character.charCodeAt(0).toString(16).padStart(4, '0'),
  )
}
