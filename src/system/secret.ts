/** A value that never prints itself: only `reveal` gives it out. */
export class Secret {
  readonly #value: string
  readonly #mask: string

  /** With a name it prints as `[secret:name]`, so that a person knows which one it was. */
  constructor(value: string, name?: string) {
    this.#value = value
    this.#mask = name === undefined ? '[redacted]' : `[secret:${name}]`
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return this.#mask
  }

  toJSON(): string {
    return this.#mask
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.#mask
  }
}

/** A URL as it may be shown: user name, password and query are left out, because they may hold secrets. */
export function showUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`
}
