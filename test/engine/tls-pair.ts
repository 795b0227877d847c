/** A client and a server of TLS that hand each other their flights, for the tests of TLS and of what goes over it. */
import { invariant } from '../../src/base/invariant.ts'
import { days } from '../../src/base/time.ts'
import {
  openTls,
  type TlsEndpoint,
  type TlsIdentity,
  type TlsSettings,
  type TlsTurn,
} from '../../src/engine/tls.ts'
import type { CertificateSpec } from '../../src/topology/pki.ts'
import { held, pkiOf, rootOf } from '../pki/contoso.ts'

const certificate = (name: string, eku: 'serverAuth' | 'clientAuth'): CertificateSpec => ({
  name,
  issuer: 'issuing',
  subject: `CN=${name}.contoso.com`,
  dns: [`${name}.contoso.com`],
  eku: [eku],
  validFor: days(365),
})

export const pki = pkiOf({
  certificates: [certificate('nps', 'serverAuth'), certificate('laptop', 'clientAuth')],
})

/** The chain is sent with the root, which node's own view of a peer's chain may lose. */
export function identityOf(name: 'nps' | 'laptop'): TlsIdentity {
  const { certificate: own, chain, privateKey } = held(pki, name)
  return { chain: [own, ...chain].map(({ der }) => der), key: privateKey }
}

/** A client whose certificate is as much longer as its name is. */
export function clientNamed(name: string): TlsIdentity {
  const own = { ...certificate('laptop', 'clientAuth'), subject: `CN=${name}` }
  const issued = held(pkiOf({ certificates: [own] }), 'laptop')
  return { chain: [issued.certificate.der], key: issued.privateKey }
}

export const SERVER = identityOf('nps')
export const CLIENT = identityOf('laptop')
export const ROOT_DER = rootOf(pki).der

/** A hold that counts: `open` must be 0 at the end. */
export function holding(): { hold: () => () => void; readonly open: number } {
  let open = 0
  return {
    hold: () => {
      open += 1
      return () => {
        open -= 1
      }
    },
    get open() {
      return open
    },
  }
}

const freely = holding()

export const clientOf = (settings: Partial<TlsSettings> = {}): TlsEndpoint =>
  openTls({ role: 'client', minimum: 'TLSv1.2', maximum: 'TLSv1.3', ...settings }, freely.hold)

export const serverOf = (settings: Partial<TlsSettings> = {}): TlsEndpoint =>
  openTls(
    { role: 'server', minimum: 'TLSv1.2', maximum: 'TLSv1.3', identity: SERVER, ...settings },
    freely.hold,
  )

export const feed = (to: TlsEndpoint, bytes: Uint8Array = new Uint8Array()): Promise<TlsTurn> =>
  new Promise((resolve) => to.feed(bytes, resolve))

export const write = (to: TlsEndpoint, bytes: Uint8Array): Promise<TlsTurn> =>
  new Promise((resolve) => to.write(bytes, resolve))

export interface Exchange {
  /** In order, the client's first. */
  readonly flights: readonly Uint8Array[]
  readonly client: TlsTurn
  readonly server: TlsTurn
}

/** Let them talk until neither has anything to say. */
export async function talk(client: TlsEndpoint, server: TlsEndpoint): Promise<Exchange> {
  const flights: Uint8Array[] = []
  let toServer = await feed(client)
  let toClient: TlsTurn | undefined
  for (let round = 0; round < 10; round++) {
    flights.push(toServer.flight)
    toClient = await feed(server, toServer.flight)
    if (toClient.flight.length === 0) break
    flights.push(toClient.flight)
    toServer = await feed(client, toClient.flight)
    if (toServer.flight.length === 0) break
  }
  invariant(toClient !== undefined, 'the client said nothing')
  return { flights, client: toServer, server: toClient }
}
