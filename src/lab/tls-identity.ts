/**
 * What a node shows in TLS: the certificate that it holds, what it sends along, and the private key.
 * Not a choice of certificate: a service names its own.
 */
import { rememberEach } from '../base/remember.ts'
import type { TlsIdentity } from '../engine/tls.ts'
import type { Held } from '../pki/issuing/issue.ts'

/** Made once for each certificate: the platform's context hangs on it. */
export const tlsIdentityOf: (held: Held) => TlsIdentity = rememberEach(
  ({ certificate, chain, privateKey }: Held) => ({
    chain: [certificate, ...chain].map(({ der }) => der),
    key: privateKey,
  }),
)
