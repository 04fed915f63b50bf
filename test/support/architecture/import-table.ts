// Who may import whom. ARCHITECTURE.md draws its picture from this table.

const foundation = ['errors', 'system', 'events']
const leaves = [
  ...foundation,
  'config',
  'protocol',
  'steps',
  'terminal',
  'metrics',
  'trust',
  'policy',
]
const domains = ['release', 'proxy', 'host', 'fleet', 'stacks', 'launch']
const faces = [...leaves, ...domains, 'control', 'agent']

/** The folders of `src` whose face each folder may import. */
const table: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  system: ['errors'],
  events: ['errors', 'system'],
  config: foundation,
  protocol: [...foundation, 'config'],
  steps: foundation,
  terminal: foundation,
  metrics: foundation,
  trust: [...foundation, 'config'],
  policy: [...foundation, 'config', 'protocol', 'trust'],
  release: leaves,
  proxy: leaves,
  host: ['release', 'proxy', ...leaves],
  fleet: ['release', ...leaves],
  stacks: ['release', ...leaves],
  launch: ['fleet', 'stacks', 'release', ...leaves],
  control: ['release', 'fleet', 'launch', 'stacks', ...leaves],
  agent: ['host', 'release', ...leaves],
  web: ['protocol'],
  cli: faces,
}

/** The folders that a folder may import; undefined when the table does not know it. */
export function mayImport(folder: string): readonly string[] | undefined {
  // Each compat folder is an edge of its own; nobody but the program's entry imports one.
  return folder.startsWith('compat/') ? faces : table[folder]
}

/** The one file that starts the compat programs by the name it was called with. */
export const programEntry = 'cli/main.ts'
