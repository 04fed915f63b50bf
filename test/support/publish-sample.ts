import { readFileSync } from 'node:fs'

import { digestFile } from '../../src/release/index.ts'
import { packSampleRelease } from './sample-release.ts'

/** Publishes a sample release to a server; answers its digest. */
export async function publishSample(
  url: string,
  token: string,
  sample: { readonly folder: string; readonly name: string; readonly version?: string },
): Promise<string> {
  const { folder, name, version = '1.0.0' } = sample
  const archive = await packSampleRelease(folder, { name, version })
  const digest = await digestFile(archive)
  const answer = await fetch(`${url}/v1/releases/${digest}?app=${name}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}` },
    body: readFileSync(archive),
  })
  if (answer.status > 201) throw new Error(`${answer.status}: ${await answer.text()}`)
  return digest
}
