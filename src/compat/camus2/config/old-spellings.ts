/**
 * Accepts what Camus2's own guide and samples say but Camus2 does not read: `releasesDir` for deploysDir,
 * `releases: {S3: …}`, and `etype: httpsWithRedirect` without a certificate mode. Nothing that Camus2 reads
 * changes its meaning. Answers the value to decode and the warnings for the person.
 */
export function modernize(config: unknown): { config: unknown; warnings: readonly string[] } {
  if (!isRecord(config)) return { config, warnings: [] }
  const modern = { ...config }
  const warnings: string[] = []
  if (Object.hasOwn(modern, 'releasesDir') && !Object.hasOwn(modern, 'deploysDir')) {
    modern['deploysDir'] = modern['releasesDir']
    warnings.push('the key releasesDir is deprecated: rename it to deploysDir')
  }
  modern['releases'] = lowerCaseStore(modern['releases'])
  if (modern['releases'] === undefined) delete modern['releases']
  modern['deployMode'] = withCertificateModes(modern['deployMode'])
  if (modern['deployMode'] === undefined) delete modern['deployMode']
  return { config: modern, warnings }
}

function lowerCaseStore(releases: unknown): unknown {
  if (!isRecord(releases) || Object.keys(releases).length !== 1) return releases
  return Object.hasOwn(releases, 'S3') ? { s3: releases['S3'] } : releases
}

function withCertificateModes(deployMode: unknown): unknown {
  if (!isRecord(deployMode) || !isRecord(deployMode['proxy'])) return deployMode
  const proxy = deployMode['proxy']
  if (!isRecord(proxy['endPoints'])) return deployMode
  const endPoints = Object.entries(proxy['endPoints']).map(([label, endPoint]) => {
    const isBare = isRecord(endPoint) && endPoint['etype'] === 'httpsWithRedirect'
    return [label, isBare ? { ...endPoint, etype: { httpsWithRedirect: 'generated' } } : endPoint]
  })
  return { ...deployMode, proxy: { ...proxy, endPoints: Object.fromEntries(endPoints) } }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
