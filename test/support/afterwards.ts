import type { TestContext } from 'node:test'

const stacks = new WeakMap<Pick<TestContext, 'after'>, (() => unknown)[]>()

/** Does something after a test, the latest first; `t.after` alone would begin with the earliest. */
export function afterwards(test: Pick<TestContext, 'after'>, work: () => unknown): void {
  const present = stacks.get(test)
  if (present !== undefined) {
    present.push(work)
    return
  }
  const stack = [work]
  stacks.set(test, stack)
  test.after(async () => {
    const failures: unknown[] = []
    for (const undo of stack.toReversed()) {
      await Promise.resolve()
        .then(undo)
        .catch((error: unknown) => failures.push(error))
    }
    if (failures.length > 0) throw failures[0]
  })
}
