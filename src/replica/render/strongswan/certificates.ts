/**
 * The certificates of a node in the folders that swanctl reads: `x509` what it shows, `private` the keys, `x509ca` what it trusts.
 * No revocation lists: Windows looks at none in IKE unless it is told to.
 */
import type { Instant } from '../../../base/time.ts'
import type { Compiled } from '../../../lab/compile.ts'
import { pemOf } from '../../../pki/encoding/pem.ts'
import type { RenderedFile } from '../named.ts'

export interface ShownIdentity {
  /** Of the file in `x509`, as swanctl.conf names it. */
  readonly file: string
  readonly files: readonly RenderedFile[]
}

/**
 * A certificate that the node holds, its key, and the authorities between it and its root. Undefined: the node holds none of that name.
 * charon takes self-signed certificates alone for anchors, so an intermediate among `x509ca` makes nothing trusted.
 */
export function identityFiles(
  { pki }: Compiled,
  of: { readonly node: string; readonly name: string; readonly at: Instant },
): ShownIdentity | undefined {
  const held = pki.certificate(of.node, of.name, of.at)
  if (held === undefined) return undefined
  const file = 'own.pem'
  return {
    file,
    files: [
      {
        name: `swanctl/x509/${file}`,
        text: pemOf('CERTIFICATE', held.certificate.der),
        isMadeAtStart: true,
      },
      {
        name: `swanctl/private/${file}`,
        text: held.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        isMadeAtStart: true,
      },
      ...held.chain.map(({ der }, place) => ({
        name: `swanctl/x509ca/issuer-${place + 1}.pem`,
        text: pemOf('CERTIFICATE', der),
        isMadeAtStart: true as const,
      })),
    ],
  }
}

export interface RootFile extends RenderedFile {
  readonly file: string
  /** As the topology writes it. */
  readonly subject: string
}

/** The roots that a node trusts. */
export function rootFiles(
  { pki, topology }: Compiled,
  of: { readonly node: string; readonly at: Instant },
): readonly RootFile[] {
  const spec = topology.nodes[of.node]
  const trusts = spec === undefined || spec.kind === 'switch' ? [] : (spec.trusts ?? [])
  return trusts
    .flatMap((key) =>
      pki.authorityCertificates(key, of.at).map(({ der }) => ({
        der,
        subject: topology.authorities[key]?.subject ?? '',
      })),
    )
    .map(({ der, subject }, place) => {
      const file = `root-${place + 1}.pem`
      const text = pemOf('CERTIFICATE', der)
      return { file, subject, name: `swanctl/x509ca/${file}`, text, isMadeAtStart: true }
    })
}
