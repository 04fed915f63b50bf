/** What a person or a trigger wants of an app's releases. */
export type WantedVersion =
  | { readonly kind: 'latest' }
  | { readonly kind: 'digest'; readonly start: string }
  /** `*` stands for any characters; a version without one is itself. */
  | { readonly kind: 'pattern'; readonly pattern: RegExp }

/** Reads `latest`, `1.4.2`, `1.*` or `sha256:…`. */
export function readWanted(text: string): WantedVersion {
  if (text === 'latest') return { kind: 'latest' }
  const [, start] = /^sha256:([0-9a-f]{8,64})$/.exec(text) ?? []
  if (start !== undefined) return { kind: 'digest', start }
  const parts = text.split('*').map((part) => part.replaceAll(/[^\w]/g, String.raw`\$&`))
  return { kind: 'pattern', pattern: new RegExp(`^${parts.join('.*')}$`) }
}

export function fits(
  wanted: WantedVersion,
  { version, digest }: { readonly version: string; readonly digest: string },
): boolean {
  if (wanted.kind === 'latest') return true
  return wanted.kind === 'digest' ? digest.startsWith(wanted.start) : wanted.pattern.test(version)
}
