import { scalarText, type Escaper } from './escaper.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '"': '&quot;',
  "'": '&#39;',
  '<': '&lt;',
  '>': '&gt;',
}

/** For HTML and XML text and quoted attributes. */
export function createHtmlEscaper(): Escaper {
  return { pass: () => undefined, escape: (value) => escapeHtml(scalarText(value)) }
}

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&"'<>]/g, (character) => entities[character] ?? character)
}
