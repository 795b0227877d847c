/** A deployment of three hosts with known dates: a client, a gateway with SSTP, and a server with the lists of a single root. */
import { days, type Duration } from '../../src/base/time.ts'
import { compileTopology, type Compiled } from '../../src/lab/compile.ts'
import type { AuthoritySpec, CertificateSpec } from '../../src/topology/pki.ts'
import { vpnGateway, webServer } from '../../src/topology/services.ts'
import { host, topology, type Topology } from '../../src/topology/topology.ts'

const PROFILE = `<VPNProfile>
  <NativeProfile>
    <Servers>192.0.2.10;vpn</Servers>
    <NativeProtocolType>Automatic</NativeProtocolType>
  </NativeProfile>
</VPNProfile>`

export interface Dated {
  /** Of the gateway's certificate. */
  readonly validFor?: Duration
  readonly crl?: AuthoritySpec['crl']
  readonly sstp?: boolean
  readonly gateway?: Partial<CertificateSpec>
  readonly rootValidFor?: Duration
}

/** Starts on 1 January 2026 at midnight; certificates begin a day before. */
export function dated({ validFor = days(3650), crl, sstp = true, ...rest }: Dated = {}): Topology {
  const written = topology({
    name: 'dated',
    start: '2026-01-01T00:00:00Z',
    networks: { lan: '192.0.2.0/24' },
    authorities: {
      root: {
        subject: 'CN=Root',
        validFrom: days(-1),
        validFor: rest.rootValidFor ?? days(7300),
        crlUrls: ['http://192.0.2.8/root.crl'],
        publishedOn: 'ca',
        crl: { thisUpdate: days(-1), ...crl },
      },
    },
    nodes: {
      laptop: host(
        { lan: '192.0.2.2' },
        {
          trusts: ['root'],
          profiles: { user: { path: 'user.xml', text: PROFILE, encoding: 'utf-8' } },
        },
      ),
      gateway: host(
        { lan: '192.0.2.10' },
        {
          services: [vpnGateway({ certificate: 'ike', sstp })],
          certificates: [
            {
              name: 'ike',
              issuer: 'root',
              subject: 'CN=192.0.2.10',
              eku: ['serverAuth'],
              validFor,
              ...rest.gateway,
            },
          ],
        },
      ),
      ca: host({ lan: '192.0.2.8' }, { services: [webServer()] }),
    },
  })
  return written
}

/** Throws where the topology cannot be built. */
export function compiled(of: Topology): Compiled {
  const result = compileTopology(of)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}
