/** Contoso as the benches of tunnels have it: Windows' own suites, or one custom policy on both sides. */
import { contoso } from '../topologies/contoso/topology.ts'
import { buildDrivenLab, type DrivenLab } from '../src/lab/build.ts'
import { withGatewayIpsec, withVpnClient } from '../src/topology/edit-gateway.ts'
import type { IpsecPolicySpec } from '../src/topology/ipsec.ts'
import type { Topology } from '../src/topology/topology.ts'

/** What Microsoft's guide sets in place of the weak defaults, but for the suite of ESP. */
export const GROUP14: IpsecPolicySpec = {
  encryptionMethod: 'AES256',
  integrityCheckMethod: 'SHA256',
  dhGroup: 'Group14',
  cipherTransformConstants: 'GCMAES256',
  authenticationTransformConstants: 'GCMAES256',
  pfsGroup: 'None',
}

/** A trace of the last drops alone, as for long runs. `ipsec`: of gateway and laptop; absent: Windows' defaults. */
export function vpnLab(ipsec?: IpsecPolicySpec, change?: (so: Topology) => Topology): DrivenLab {
  const policies =
    ipsec === undefined
      ? []
      : [withGatewayIpsec('gateway', ipsec), withVpnClient('laptop', { ipsec })]
  const topology = policies.reduce<Topology>((so, each) => each.apply(so), contoso)
  const built = buildDrivenLab(change?.(topology) ?? topology, { traceLevel: 'recent' })
  if (!built.ok) throw new Error(JSON.stringify(built.error))
  return built.value
}

export async function connect({ lab }: DrivenLab): Promise<void> {
  const report = await lab.nodes['laptop']!.connect()
  if (report.outcome !== 'connected') throw new Error(`not connected: ${JSON.stringify(report)}`)
}
