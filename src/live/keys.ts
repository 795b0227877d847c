/**
 * What a real peer of a live lab needs to hold: certificates and private keys of its nodes, and the authorities' certificates, as PEM.
 * Not files: whoever runs the session writes them. The keys are the lab's, and public.
 */
import { compileTopology } from '../lab/compile.ts'
import { pemOf } from '../pki/encoding/pem.ts'
import type { Topology } from '../topology/topology.ts'
import type { Instant } from '../base/time.ts'

export interface KeyFile {
  /** `laptop/user.pem`. */
  readonly path: string
  readonly text: string
  readonly isPrivate: boolean
}

/**
 * `NODE/NAME.pem` (the certificate, then what is sent along) and `NODE/NAME.key` for each certificate that a node holds at `at`, and
 * `authorities/KEY.pem`. The topology was built.
 */
export function keyFilesOf(topology: Topology, at: Instant): readonly KeyFile[] {
  const compiled = compileTopology(topology)
  if (!compiled.ok) return []
  const { pki } = compiled.value
  const authorities = Object.keys(topology.authorities).map((key) => ({
    path: `authorities/${key}.pem`,
    text: pki
      .authorityCertificates(key, at)
      .map(({ der }) => pemOf('CERTIFICATE', der))
      .join(''),
    isPrivate: false,
  }))
  const held = Object.keys(topology.nodes).flatMap((node) =>
    pki.certificateNames(node).flatMap((name): readonly KeyFile[] => {
      const own = pki.certificate(node, name, at)
      if (own === undefined) return []
      const chain = [own.certificate, ...own.chain].map(({ der }) => pemOf('CERTIFICATE', der))
      const key = own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
      return [
        { path: `${node}/${name}.pem`, text: chain.join(''), isPrivate: false },
        { path: `${node}/${name}.key`, text: key, isPrivate: true },
      ]
    }),
  )
  return [...authorities, ...held]
}
