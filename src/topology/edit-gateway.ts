/**
 * Named changes to VPN gateways and to what clients have set for VPN.
 * Not the RADIUS servers that a gateway asks, which are `edit-nps.ts`; the rules are those of `edit.ts`.
 */
import { keysOf, merged, withNode, type Change, type Edit } from './edit.ts'
import { editService } from './edit-nps.ts'
import type { IpsecPolicySpec } from './ipsec.ts'
import type { VpnClientSpec, VpnGatewaySpec } from './services.ts'

/** Change the settings of a gateway; `undefined` takes one back to Windows' default. A running lab's gateway reads them when it restarts (`lab.restartService`). */
export const withVpnGateway = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  change: Change<Omit<VpnGatewaySpec, 'service' | 'radius'>>,
): Edit<N, H, Z> =>
  editService(`${node} changes its VPN settings (${keysOf(change)})`, node, 'vpn-gateway', (spec) =>
    merged<VpnGatewaySpec>(spec, change),
  )

/** The service RemoteAccess stops, or starts, which also brings every waiting change into force. */
export const withRemoteAccess = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  state: 'running' | 'stopped',
): Edit<N, H, Z> => {
  const told = state === 'running' ? 'starts' : 'stops'
  return editService(`${node} ${told} RemoteAccess`, node, 'vpn-gateway', (spec) => ({
    ...spec,
    isRunning: state === 'running',
  }))
}

/** `Set-VpnServerConfiguration -CustomPolicy`: some words of the policy change, or all are set; `undefined` is `-RevertToDefault`. */
export const withGatewayIpsec = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  change: Partial<IpsecPolicySpec> | undefined,
): Edit<N, H, Z> => {
  const told = change === undefined ? 'reverts to the default' : `changes (${keysOf(change)})`
  return editService(`the IPsec policy of ${node} ${told}`, node, 'vpn-gateway', (spec) => {
    const { customPolicy, ...rest } = spec.ipsec ?? {}
    if (change === undefined) return { ...spec, ipsec: rest }
    return { ...spec, ipsec: { ...rest, customPolicy: laidOver(customPolicy, change) } }
  })
}

/** Change what a client has set for VPN beside its profiles; `undefined` takes one back to Windows' default. */
export const withVpnClient = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  change: Change<VpnClientSpec>,
): Edit<N, H, Z> =>
  withNode(node, `changes its VPN client (${keysOf(change)})`, (spec) => {
    if (spec.kind !== 'host') throw new RangeError(`${node} is a ${spec.kind}, not a client`)
    return { ...spec, vpnClient: merged<VpnClientSpec>(spec.vpnClient ?? {}, change) }
  })

/** A policy that is not whole is refused where the topology is validated. */
const laidOver = (
  policy: IpsecPolicySpec | undefined,
  change: Partial<IpsecPolicySpec>,
): IpsecPolicySpec => ({ ...policy, ...change }) as IpsecPolicySpec
