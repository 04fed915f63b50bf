/** What differs between the mustache dialects; parser and renderer are shared. */
export interface Dialect {
  /** What a variable without a value does: `error` stops the rendering, `empty` prints nothing. */
  readonly missing: 'error' | 'empty'
  /** Whether `{{?name}}` prints nothing when the name has no value. */
  readonly optionalTags: boolean
  /** Nesting of sections plus partials. */
  readonly maxDepth: number
  /** Bytes of the rendered text, and of each template that goes in. */
  readonly maxBytes: number
  /** How a section takes a value; undefined is a missing one. `neither` shows no branch at all. */
  truth(value: unknown): Truth
  /** One for each rendering, because it may remember what was printed. */
  createPrinter(): Printer
}

export type Truth = 'true' | 'false' | 'neither'

/** Turns values into text for the place where they stand. */
export interface Printer {
  /** Is told every piece of template text, in order, so that it knows which quotes a value stands in. */
  pass(text: string): void
  /** @throws AppError `template-invalid`, to which the renderer adds the place. */
  print(value: unknown, tag: PrintedTag): string
}

export interface PrintedTag {
  /** As written, such as `db.host`; `.` is the current value. */
  readonly name: string
  /** Written `{{{name}}}` or `{{&name}}`. */
  readonly raw: boolean
}

/** Answers the text of a partial, or undefined when there is none of that name. */
export type PartialLoader = (name: string) => string | undefined
