import type { ServerClient } from './server-client.ts'

interface Page {
  /** Where the next page begins; null behind the last one. */
  readonly next: string | number | null
}

/** The pages of a list of the server one after the other; none is asked for before the one before it was taken. */
export async function* readPages<Answer extends Page>(
  client: ServerClient,
  first: NonNullable<Answer['next']>,
  pathOf: (from: NonNullable<Answer['next']>) => string,
): AsyncGenerator<Answer> {
  for (let from: Answer['next'] = first; from !== null;) {
    const page: Answer = await client.ask<Answer>({ method: 'GET', path: pathOf(from) })
    yield page
    from = page.next
  }
}
