/** Contoso as the benches of tunnels have it: Windows' own suites, or one custom policy on both sides. */
import { ipv4 } from '../src/base/address.ts'
import { contoso } from '../topologies/contoso/topology.ts'
import { buildDrivenLab, type DrivenLab } from '../src/lab/build.ts'
import { withRule } from '../src/topology/edit.ts'
import { withGatewayIpsec, withVpnClient } from '../src/topology/edit-gateway.ts'
import { allow } from '../src/topology/firewall.ts'
import type { IpsecPolicySpec } from '../src/topology/ipsec.ts'
import type { Topology } from '../src/topology/topology.ts'
import { encodeIcmp, ICMP_TYPE } from '../src/wire/icmp.ts'
import { PROTOCOL } from '../src/wire/ipv4.ts'

/** What Microsoft's guide sets in place of the weak defaults, but for the suite of ESP. */
export const GROUP14: IpsecPolicySpec = {
  encryptionMethod: 'AES256',
  integrityCheckMethod: 'SHA256',
  dhGroup: 'Group14',
  cipherTransformConstants: 'GCMAES256',
  authenticationTransformConstants: 'GCMAES256',
  pfsGroup: 'None',
}

/** Contoso's own rules let clients into corp by TCP and to its controllers; here they may ping, too. */
const PINGS = withRule(
  'innerFirewall',
  allow('clients-ping-corp', { from: 'perimeterInternal', icmp: [ICMP_TYPE.echo] }),
  { before: 'clients-to-corp' },
)

/** A trace of the last drops alone, as for long runs. `ipsec`: of gateway and laptop; absent: Windows' defaults. */
export function vpnLab(ipsec?: IpsecPolicySpec, change?: (so: Topology) => Topology): DrivenLab {
  const policies =
    ipsec === undefined
      ? [PINGS]
      : [PINGS, withGatewayIpsec('gateway', ipsec), withVpnClient('laptop', { ipsec })]
  const topology = policies.reduce<Topology>((so, each) => each.apply(so), contoso)
  const built = buildDrivenLab(change?.(topology) ?? topology, { traceLevel: 'recent' })
  if (!built.ok) throw new Error(JSON.stringify(built.error))
  return built.value
}

export async function connect({ lab }: DrivenLab): Promise<void> {
  const report = await lab.nodes['laptop']!.connect()
  if (report.outcome !== 'connected') throw new Error(`not connected: ${JSON.stringify(report)}`)
}

const INTRANET = ipv4('10.10.0.20')
const ECHO = { identifier: 0x5a17, bytes: 56 } as const

/** From the laptop to the intranet and back. One that is lost never ends: nothing is left for the lab to do, and it says so. */
export function echo(driven: DrivenLab): Promise<void> {
  const laptop = driven.stack('laptop')
  return driven.world.perform<void>('an echo through the tunnel', (done) => {
    const close = laptop.openRaw(PROTOCOL.icmp, {
      onPacket: ({ payload }) => {
        if (payload[0] !== ICMP_TYPE.echoReply) return
        close()
        done()
      },
      onError: () => {},
    })
    laptop.send({
      protocol: PROTOCOL.icmp,
      source: laptop.sourceFor(INTRANET)!,
      destination: INTRANET,
      payload: encodeIcmp({
        type: ICMP_TYPE.echo,
        code: 0,
        rest: ECHO.identifier * 0x10000 + 1,
        payload: new Uint8Array(ECHO.bytes),
      }),
    })
  })
}
