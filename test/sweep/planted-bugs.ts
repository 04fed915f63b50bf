/** A mistake that somebody could make, and the test that has to notice it. */
export interface PlantedBug {
  readonly name: string
  /** The source file, and what is replaced in it; `from` occurs exactly once. */
  readonly file: string
  readonly from: string
  readonly to: string
  readonly caughtBy: { readonly file: string; readonly test: string }
}

function bug(
  name: string,
  change: readonly [file: string, from: string, to: string],
  caughtBy: readonly [file: string, test: string],
): PlantedBug {
  const [file, from, to] = change
  return { name, file, from, to, caughtBy: { file: caughtBy[0], test: caughtBy[1] } }
}

const durable = 'test/sweep/durable-writes.test.ts'
const nodeFs = `process.getBuiltinModule('node:fs')`

export const plantedBugs: readonly PlantedBug[] = [
  bug(
    'a file is renamed before its content is on the disk',
    [
      'src/system/atomic-file.ts',
      '    writeWhole(descriptor, content)\n    fsyncSync(descriptor)\n  } finally {\n    closeSync(descriptor)\n  }\n}\n\nlet serial',
      '    writeWhole(descriptor, content)\n  } finally {\n    closeSync(descriptor)\n  }\n}\n\nlet serial',
    ],
    [durable, 'a replaced file is synced before it gets its name, and its directory after'],
  ),
  bug(
    'the directory of a renamed file is not synced',
    [
      'src/system/atomic-file.ts',
      '      rmSync(temporary, { force: true })\n      throw error\n    }\n    syncDirectory(dirname(path))',
      '      rmSync(temporary, { force: true })\n      throw error\n    }',
    ],
    [durable, 'a replaced file is synced before it gets its name, and its directory after'],
  ),
  bug(
    'current is removed and made again',
    [
      'src/system/atomic-file.ts',
      '      renameSync(temporary, link)',
      `      ${nodeFs}.rmSync(link, { force: true })\n      symlinkSync(target, link)\n      unlinkSync(temporary)`,
    ],
    [durable, 'a link is moved by one rename and its directory synced'],
  ),
  bug(
    'a state file is overwritten in place',
    [
      'src/system/atomic-file.ts',
      '      if (options.keepAs !== undefined) keepUnder(path, options.keepAs)\n      renameSync(temporary, path)',
      `      ${nodeFs}.writeFileSync(path, content)`,
    ],
    [
      'src/system/atomic-file.test.ts',
      'replaceFile gives the file a new inode, overwriteInPlace keeps the old one',
    ],
  ),
  bug(
    'a full disk is swallowed',
    [
      'src/system/atomic-file.ts',
      '      rmSync(temporary, { force: true })\n      throw error\n    }\n    syncDirectory(dirname(path))',
      '      rmSync(temporary, { force: true })\n      return\n    }\n    syncDirectory(dirname(path))',
    ],
    [
      'src/system/atomic-file.test.ts',
      'a failed replaceFile says where, keeps the old content and leaves no temporary file',
    ],
  ),
  bug(
    'a journal entry is acknowledged before it is on the disk',
    [
      'src/system/append-log.ts',
      '      while (offset < bytes.length) offset += writeSync(descriptor, bytes, offset)\n      fsyncSync(descriptor)',
      '      while (offset < bytes.length) offset += writeSync(descriptor, bytes, offset)',
    ],
    [durable, 'a record that was appended is on the disk, and so is the name of a new log'],
  ),
  bug(
    'a torn last line is not cut off before the next record',
    ['src/system/append-log.ts', '    cutTornTail(path, descriptor)\n', ''],
    [
      'src/system/append-log.test.ts',
      'a torn last line is ignored, wherever it was cut, and cut off before the next record',
    ],
  ),
  bug(
    'a damaged state counts as no state',
    [
      'src/system/state-file.ts',
      '    if (envelope === undefined) continue',
      '    if (envelope === undefined) return undefined',
    ],
    [
      'src/system/state-file.test.ts',
      'a damaged state is never taken for an empty one: the previous copy takes over',
    ],
  ),
  bug(
    'a late holder of a lock is not refused',
    [
      'src/system/file-lock.ts',
      '  if (current === fence) return\n',
      '  if (current >= fence) return\n',
    ],
    [
      'src/system/file-lock.test.ts',
      'the fence grows with every holder, and an earlier one is refused',
    ],
  ),
  bug(
    'a step is journaled only when it has ended',
    [
      'src/steps/run-steps.ts',
      `  journal.append({ type: 'step-started', at: clock.now(), step: step.name })\n`,
      '',
    ],
    ['src/steps/run-steps.test.ts', 'steps run in order, and each is journaled before and after'],
  ),
  bug(
    'undoing goes oldest first',
    ['src/steps/run-steps.ts', 'progress.begun.toReversed()', 'progress.begun'],
    [
      'src/steps/run-steps.test.ts',
      'a failing step stops the list and undoing goes newest first, the failed one included',
    ],
  ),
  bug(
    'a hook writes to a pipe that ends with us',
    [
      'src/host/hooks/start-runner.ts',
      '        stdout: output,\n        stderr: output,',
      `        stdout: 'pipe' as never,\n        stderr: 'pipe' as never,`,
    ],
    [
      'src/host/hooks/run-hook.test.ts',
      'a hook survives kill -9 of its caller and the next caller reports the true result',
    ],
  ),
  bug(
    'what ignores SIGTERM is not killed',
    ['src/host/hooks/own-processes.ts', '    await killRepeatedly(others, group, how.clock)\n', ''],
    [
      'src/host/hooks/run-hook.test.ts',
      'a hook that never ends is ended at its time-out, its stubborn grandchildren as well',
    ],
  ),
  bug(
    'a hook without a result is run again',
    [
      'src/host/hooks/run-hook.ts',
      '      if (!request.idempotent) throw unknownOutcome(request, found.attempt)\n',
      '',
    ],
    [
      'src/host/hooks/run-hook.test.ts',
      'a hook whose runner was killed is reported as unknown, ended, and not run again',
    ],
  ),
  bug(
    'the proxy’s word is taken without a probe',
    [
      'src/proxy/switch-endpoint.ts',
      '  await Promise.all(names.map((name) => proveRoute(context, findRoute(table, name), proof)))\n',
      '  void [proof, names, proveRoute, findRoute]\n',
    ],
    [
      'src/proxy/embedded/embedded-driver.test.ts',
      'embedded on Node: a switch to a deploy that answers 500 goes back and says why',
    ],
  ),
  bug(
    'two Host fields are allowed',
    [
      'src/proxy/embedded/request-head.ts',
      `    if (host !== undefined) return { refused: 400, reason: 'two Host headers' }\n`,
      '',
    ],
    [
      'src/proxy/embedded/serve-request.test.ts',
      'a request with two Host fields is refused and reaches no deploy',
    ],
  ),
  bug(
    'a POST goes over a connection that was used before, and is sent again when that dies',
    [
      'src/proxy/embedded/exchange.ts',
      `    const mayReuse = !this.#hasBody && idempotent.has(request.method ?? '')`,
      '    const mayReuse = true',
    ],
    [
      'src/proxy/embedded/serve-request.test.ts',
      'requests without a body share connections, others get a fresh one each',
    ],
  ),
  bug(
    'a connection that one visitor stopped reading from is given to the next',
    ['src/proxy/embedded/upstream.ts', '  socket.resume()\n', ''],
    [
      'src/proxy/embedded/upstream.test.ts',
      'a connection that a visitor has stopped reading from serves the next one',
    ],
  ),
  bug(
    'YAML aliases are on',
    ['src/config/yaml-tree.ts', `type === 'anchor' || type === 'alias' || `, ''],
    ['src/config/bad-documents.test.ts', 'yaml: a billion laughs is refused'],
  ),
  bug(
    'steps up are stripped from names in an archive before they are checked',
    [
      'src/release/unpack/entry-path.ts',
      `  const plain = path.startsWith('./') ? path.slice(2) : path`,
      `  const plain = path.replaceAll('../', '')`,
    ],
    ['src/release/unpack/bad-tars.test.ts', 'tar: the name "../x" is archive-unsafe'],
  ),
  bug(
    'a template reads what an object inherits',
    [
      'src/host/templates/lookup.ts',
      '  return Object.hasOwn(holder, name) ? (holder as Record<string, unknown>)[name] : undefined',
      '  return (holder as Record<string, unknown>)[name]',
    ],
    ['src/host/templates/render-template.test.ts', 'refuses an inherited property'],
  ),
]
