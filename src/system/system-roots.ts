import * as tls from 'node:tls'

let areTrusted = false

/**
 * Has this process trust the certificates that the machine trusts, `SSL_CERT_FILE` and `SSL_CERT_DIR` included, beside the
 * runtime's own. It costs some 10 ms and 10 MB, so only who speaks TLS to strangers calls it, and late.
 */
export function trustSystemRoots(): void {
  if (areTrusted) return
  areTrusted = true
  const roots = [...tls.getCACertificates('default'), ...tls.getCACertificates('system')]
  tls.setDefaultCACertificates([...new Set(roots)])
}
