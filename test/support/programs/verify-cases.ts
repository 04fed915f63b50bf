// Verifies every release of signature-cases.ts and prints, as JSON, those that ended otherwise than they must.

void main()

async function main(): Promise<void> {
  const { attemptIt, mustFail, mustPass } = await import('../signature-cases.ts')
  const good = mustPass.map(([name, attempt]) => [name, 'ok', attempt] as const)
  const wrong: string[] = []
  for (const [name, code, attempt] of [...mustFail, ...good]) {
    const found = await attemptIt(attempt).then(() => 'ok', codeOf)
    if (found !== code) wrong.push(`${name}: ${found}, not ${code}`)
  }
  console.log(JSON.stringify({ count: mustFail.length + good.length, wrong }))
}

function codeOf(thrown: unknown): string {
  return (thrown as { code?: string }).code ?? String(thrown)
}
