import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { runOrFail } from '../../src/system/index.ts'
import { createMachine, type Machine } from '../support/machine.ts'
import { builtProgram, ciToolOrSkip } from '../support/tools.ts'
import { typeAtShell } from '../support/typing.ts'

/** What is typed before Tab, and the line that it makes of that; only the host knows the names. */
const typed: readonly (readonly [line: string, completed: string])[] = [
  ['sluice roll', 'sluice rollback '],
  ['sluice dep', 'sluice deploy'],
  ['sluice deploy s', 'sluice deploy shop@'],
  ['sluice deploy shop@', 'sluice deploy shop@'],
  ['sluice deploy shop@2', 'sluice deploy shop@2 '],
  ['sluice deploy c', 'sluice deploy cart@1 '],
  ['sluice logs c', 'sluice logs cart'],
  ['sluice logs shop/', 'sluice logs shop/shop-'],
  ['sluice logs shop-2', 'sluice logs shop-2 '],
  ['sluice connect m', 'sluice connect main '],
  ['sluice connect main cart-', 'sluice connect main cart-1 '],
]

test('bash completes the names of this host at Tab', async (t) => {
  const machine = await populatedMachine(t)
  // ^T tells the line, ^U empties it.
  writeFileSync(
    join(machine.folder, 'bashrc'),
    `PS1='READY> '
     source <(sluice completion bash)
     bind -x '"\\C-t": printf "<<%s>>\\n" "$READLINE_LINE"'`,
  )
  const quoted: typeof typed = [['sluice deploy "shop@2', 'sluice deploy "shop@2" ']]
  const lines = [...typed, ...quoted]
  assert.deepEqual(await completedLines(machine, 'bash --rcfile bashrc -i', lines), lines)
})

test('zsh completes the names of this host at Tab', async (t) => {
  const zsh = await ciToolOrSkip(t, 'zsh')
  if (zsh === undefined) return
  const machine = await populatedMachine(t)
  // One that was fetched does not know where it lies.
  writeFileSync(
    join(machine.folder, '.zshenv'),
    `root='${dirname(dirname(zsh))}'
     module_path=($root/usr/lib/*/zsh/*(N/) $module_path)
     fpath=($root/usr/share/zsh/functions{,/**/*}(N/) $fpath)`,
  )
  writeFileSync(
    join(machine.folder, '.zshrc'),
    `PROMPT='READY> '
     autoload -Uz compinit && compinit -u -D
     source <(sluice completion zsh)
     tell() { print -r -- "<<$BUFFER>>" }
     zle -N tell
     bindkey '^T' tell`,
  )
  assert.deepEqual(await completedLines(machine, `'${zsh}' -i`, typed), typed)
})

/** Lines before Tab with everything that fits there. */
const offered: readonly (readonly [line: string, names: readonly string[]])[] = [
  ['sluice deploy ', ['cart@1', 'shop@1', 'shop@2']],
  ['sluice logs shop', ['shop-1', 'shop-2', 'shop/shop-1', 'shop/shop-2']],
  ['sluice connect ', ['beta', 'main']],
  ['sluice connect main shop-', ['shop-1', 'shop-2']],
]

test('fish offers the names of this host', async (t) => {
  const fish = await ciToolOrSkip(t, 'fish')
  if (fish === undefined) return
  const machine = await populatedMachine(t)
  const functions = join(dirname(fish), '../share/fish/functions')
  const script = `set fish_function_path '${functions}'; sluice completion fish | source; complete -C $argv[1]`
  for (const [line, names] of offered) {
    const options = { env: shellEnvironment(machine), cwd: machine.folder }
    const answer = await runOrFail([fish, '--no-config', '-c', script, line], options)
    assert.deepEqual(answer.trimEnd().split('\n').toSorted(), names, line)
  }
})

/** Two releases of shop and one of cart, in the store and deployed, and two endpoints. */
async function populatedMachine(t: TestContext): Promise<Machine> {
  const endpoints = { main: { app: 'shop' }, beta: { app: 'cart', serverNames: ['beta.test'] } }
  const machine = await createMachine(t, { settings: { endpoints } })
  mkdirSync(join(machine.folder, 'store'))
  for (const [name, version] of [
    ['shop', '1'],
    ['shop', '2'],
    ['cart', '1'],
  ] as const) {
    await machine.sluice('publish', await machine.pack({ name, version }))
    const { status, stdout, stderr } = await machine.sluice('deploy', `${name}@${version}`)
    assert.equal(status, 0, stdout + stderr)
  }
  return machine
}

/** Each line with what the shell makes of it at Tab. */
async function completedLines(
  machine: Machine,
  shell: string,
  lines: typeof typed,
): Promise<(readonly [string, string | undefined])[]> {
  const keys = lines.map(([line]) => `${line}\t\u0014\u0015`).join('')
  const env = { ...shellEnvironment(machine), TERM: 'dumb', ZDOTDIR: machine.folder }
  const shown = await typeAtShell({ shell, env, cwd: machine.folder, keys: `${keys}exit\n` })
  const told = [...shown.matchAll(/<<(.*?)>>/g)].map((match) => match[1])
  return lines.map(([line], index) => [line, told[index]])
}

function shellEnvironment({ environment, folder }: Machine): Record<string, string> {
  const path = `${dirname(builtProgram('sluice'))}:${environment['PATH'] ?? ''}`
  return { ...environment, PATH: path, HOME: folder }
}
