/**
 * Certificates as both engines hold and judge them here: chains by their signatures, and a name where one was dialled. The lab's own relying parties
 * judge better (`windows/relying-parties`); this is enough to tell a stranger.
 */
import { createHash, X509Certificate } from 'node:crypto'
import type { IkeCertificate } from '../../../../src/engine/ikev2/options.ts'
import type { Compiled } from '../../../../src/lab/compile.ts'
import type { Judged } from '../../../../src/node/ike/ike-runner.ts'
import { certificateOf } from '../../../../src/lab/remote-access.ts'
import { tlsIdentityOf } from '../../../../src/lab/tls-identity.ts'
import type { TlsIdentity } from '../../../../src/engine/tls.ts'

/** IDi or IDr is the subject, as Windows has it. */
export function ikeCertificate(
  { pki, start }: Compiled,
  node: string,
  name: string,
): IkeCertificate {
  const held = pki.certificate(node, name, start)
  if (held === undefined) throw new Error(`${node} holds no ${name}`)
  return certificateOf(held)
}

export function tlsIdentity({ pki, start }: Compiled, node: string, name: string): TlsIdentity {
  const held = pki.certificate(node, name, start)
  if (held === undefined) throw new Error(`${node} holds no ${name}`)
  return tlsIdentityOf(held)
}

function rootsOf({ topology, pki, start }: Compiled, node: string): readonly X509Certificate[] {
  const spec = topology.nodes[node]
  const keys = spec === undefined || spec.kind === 'switch' ? [] : (spec.trusts ?? [])
  return keys.flatMap((key) =>
    pki.authorityCertificates(key, start).map(({ der }) => new X509Certificate(der)),
  )
}

/** For CERTREQ: SHA-1 of each root's SubjectPublicKeyInfo. */
export const authoritiesOf = (compiled: Compiled, node: string): Uint8Array =>
  new Uint8Array(
    Buffer.concat(
      rootsOf(compiled, node).map(({ publicKey }) =>
        createHash('sha1')
          .update(publicKey.export({ type: 'spki', format: 'der' }))
          .digest(),
      ),
    ),
  )

/** Does it end in a root of the node, and is it for `name`? */
export function judge(
  compiled: Compiled,
  node: string,
  chain: readonly Uint8Array[],
  name?: string,
): Judged {
  const [leaf, ...others] = chain.map((der) => new X509Certificate(der))
  if (leaf === undefined) return { accepted: false, failure: 'no certificate' }
  if (name !== undefined && leaf.checkHost(name) === undefined) {
    return { accepted: false, failure: `not for ${name}` }
  }
  const roots = rootsOf(compiled, node)
  let below = leaf
  for (let depth = 0; depth <= others.length; depth++) {
    if (roots.some((root) => isIssuedBy(below, root))) return { accepted: true }
    const issuer = others.find((each) => isIssuedBy(below, each))
    if (issuer === undefined) break
    below = issuer
  }
  return { accepted: false, failure: 'no root that is trusted here' }
}

const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
