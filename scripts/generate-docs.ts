import { errorCodes } from '../src/errors/index.ts'
import { makeDirectory, replaceFile } from '../src/system/index.ts'
import { exitCodeOf } from '../src/terminal/index.ts'
import { inProject, runScript } from './project.ts'

// Writes the documents that are made from the source: `npm run docs`. test/docs.test.ts compares them.

export interface GeneratedDocument {
  /** Relative to the clone. */
  readonly path: string
  readonly render: () => Promise<string>
}

/** Every generated document; a new one is one entry here. */
export const generatedDocuments: readonly GeneratedDocument[] = [
  { path: 'docs/errors.md', render: () => Promise.resolve(errorReference()) },
  { path: 'docs/cli.md', render: async () => (await loadReference()).commandReference() },
  {
    path: 'docs/use/exit-codes.md',
    render: async () => (await loadReference()).exitCodeReference(),
  },
  {
    path: 'docs/schema/release.schema.json',
    render: async () => toJson(await (await openDoor()).manifestSchema()),
  },
  {
    path: 'docs/schema/sluice.schema.json',
    render: async () => toJson(await (await openDoor()).settingsSchema()),
  },
  {
    path: 'docs/schema/policy.schema.json',
    render: async () => toJson((await import('../src/policy/index.ts')).policyJsonSchema()),
  },
  {
    path: 'docs/server-api.md',
    render: async () => (await import('../src/control/index.ts')).routeReference(),
  },
  {
    path: 'docs/schema/sluice-server.schema.json',
    render: async () =>
      toJson((await import('../src/control/index.ts')).serverSettingsJsonSchema()),
  },
]

function errorReference(): string {
  const rows = Object.entries(errorCodes).map(
    ([code, { meaning }]) =>
      `| \`${code}\` | ${exitCodeOf(code)} | ${meaning.replaceAll('|', String.raw`\|`)} |`,
  )
  return `# Errors

<!-- Made by scripts/generate-docs.ts from src/errors/codes.ts; edit that. -->

Every failure has a code. It stands in \`--json\` output, in journals and in \`sluice show\`, and never changes its meaning, so
scripts may depend on it. The second column is the command's [exit status](use/exit-codes.md).

| code | status | what it means |
|---|---|---|
${rows.join('\n')}
`
}

// Loaded one by one, so that a fault in one part of the program does not hide the other documents.
function loadReference(): Promise<typeof import('../src/cli/command-reference.ts')> {
  return import('../src/cli/command-reference.ts')
}

async function openDoor(): Promise<import('../src/cli/host-door.ts').HostDoor> {
  return (await import('../src/cli/open-host.ts')).openHostDoor()
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

if (import.meta.main) {
  await runScript(async () => {
    for (const folder of ['docs/use', 'docs/schema']) makeDirectory(inProject(folder))
    for (const { path, render } of generatedDocuments) {
      replaceFile(inProject(path), await render(), { mode: 0o644 })
      console.log(path)
    }
  })
}
