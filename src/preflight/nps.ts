/**
 * The deployment guide's rules on NPS and on the gateways that ask it, as far as the topology tells (NPS-01 … NPS-08, RAS-02, RAS-03; NPS-09
 * and NPS-10 are ours: what an attacker between the two could use). Who gets in by the policies is {@link ./network-access.ts}.
 */
import type { AuthenticationMethods, NpsSpec, RadiusServerSpec } from '../topology/nps.ts'
import type { Topology } from '../topology/topology.ts'
import { connectionRequestPoliciesOf } from '../windows/nps/connection-request.ts'
import { DEFAULT_AUTHENTICATION, networkPoliciesOf } from '../windows/nps/network-policy.ts'
import type { PreflightRule, TopologyFinding } from './finding.ts'
import {
  hasRecord,
  isClientAt,
  npsServersOf,
  radiusPairsOf,
  type FoundNps,
  type RadiusPair,
} from './radius.ts'
import { vpnGatewaysOf } from './inventory.ts'

const RAS_AND_IAS = 'RAS and IAS Servers'

const npsOn = (topology: Topology, name: string): FoundNps | undefined =>
  npsServersOf(topology).find((found) => found.name === name)

/** NPS-01: the node that is asked is no NPS. */
export const radiusServerRole: PreflightRule = (topology) =>
  radiusPairsOf(topology)
    .filter(({ server }) => npsOn(topology, server) === undefined)
    .map(({ gateway, server, path }) => ({
      rule: 'NPS-01',
      severity: 'error',
      message: `${gateway.name} asks ${server}, which has no Network Policy Server: clients get error 812`,
      fix: `install Network Policy and Access Services on ${server}`,
      path,
    }))

/** NPS-02, which is AD-08: a server that may not read dial-in properties. */
export const npsRegistration: PreflightRule = (topology) => {
  const { directory } = topology
  if (directory === undefined) return []
  return npsServersOf(topology)
    .filter(({ name }) => directory.groups?.[RAS_AND_IAS]?.includes(name) !== true)
    .map(({ name, service, path }): TopologyFinding => {
      const reads = granting(service).some(({ ignoresDialIn }) => ignoresDialIn !== true)
      return {
        rule: 'NPS-02',
        severity: reads ? 'error' : 'warning',
        message: `${name} is not in ${RAS_AND_IAS}: it may not read the dial-in properties of accounts`,
        fix: `register ${name} in Active Directory (NPS console, or netsh nps add registeredserver)`,
        path,
      }
    })
}

const granting = (service: NpsSpec) =>
  networkPoliciesOf(service).filter(({ enabled = true, access }) => enabled && access === 'grant')

/** NPS-03 and RAS-03: what the gateway sends is from a client that NPS knows, under the same secret. */
export const radiusClients: PreflightRule = (topology) =>
  radiusPairsOf(topology).flatMap((pair): TopologyFinding[] => {
    const found = npsOn(topology, pair.server)
    const { source } = pair
    if (found === undefined || source === undefined) return []
    const at = { source, gateway: pair.gateway.name }
    const clients = found.service.clients ?? []
    const entry = clients.find((client) => isClientAt(topology, found.service, { client, ...at }))
    if (entry === undefined) return [unknownClient(pair, found, source)]
    if (entry.secret === pair.spec.secret) return []
    return [
      {
        rule: 'RAS-03',
        severity: 'error',
        message: `${pair.gateway.name} and ${pair.server} do not share a secret: NPS logs event 18 and answers nothing`,
        fix: `enter the same secret on both, for RADIUS client '${entry.name}'; letter case and blanks count`,
        path: [...pair.path, 'secret'],
      },
    ]
  })

function unknownClient(
  { gateway, server }: RadiusPair,
  { service, path }: FoundNps,
  source: string,
): TopologyFinding {
  const own = gateway.node.interfaces.map(({ address }) => address.split('/')[0])
  const clients = service.clients ?? []
  const index = clients.findIndex(
    ({ address, enabled }) => own.includes(address) || (enabled === false && address === source),
  )
  const meant = clients[index]
  const why =
    meant === undefined
      ? 'no entry has it'
      : meant.enabled === false
        ? `the entry '${meant.name}' is disabled`
        : `the entry '${meant.name}' has ${meant.address}, on another adapter`
  return {
    rule: 'NPS-03',
    severity: 'error',
    message: `${server} does not know ${source}, from which ${gateway.name} sends: ${why}; NPS logs event 13`,
    fix: `enter ${source} as the address of the RADIUS client, and restart the service`,
    path: [...path, 'clients', ...(meant === undefined ? [] : [index, 'address'])],
  }
}

/** NPS-04: an NPS that forwards has another secret than the one that it forwards to. */
export const proxySecrets: PreflightRule = (topology) =>
  npsServersOf(topology).flatMap(({ name, service, path }) =>
    Object.entries(service.remoteGroups ?? {}).flatMap(([group, servers]) =>
      servers.flatMap((spec, i): TopologyFinding[] => {
        const next = spec.server === undefined ? undefined : npsOn(topology, spec.server)
        if (next === undefined || sharesSecret(next.service, spec)) return []
        return [
          {
            rule: 'NPS-04',
            severity: 'error',
            message: `${name} forwards to ${next.name} with a secret that none of its clients has`,
            fix: `enter ${name} as a RADIUS client of ${next.name}, with the same secret`,
            path: [...path, 'remoteGroups', group, i, 'secret'],
          },
        ]
      }),
    ),
  )

const sharesSecret = ({ clients = [] }: NpsSpec, { secret }: RadiusServerSpec): boolean =>
  clients.some((client) => client.secret === secret)

/** NPS-05: nothing is left that could match. */
export const connectionRequestPolicies: PreflightRule = (topology) =>
  npsServersOf(topology)
    .filter(({ service }) =>
      connectionRequestPoliciesOf(service).every(({ enabled = true }) => !enabled),
    )
    .map(({ name, path }) => ({
      rule: 'NPS-05',
      severity: 'error',
      message: `${name} has no connection request policy that is enabled: everybody is denied with reason 49`,
      fix: "enable 'Use Windows authentication for all users', or one of your own",
      path: [...path, 'connectionRequestPolicies'],
    }))

/** NPS-06: nobody can be let in. */
export const networkPolicies: PreflightRule = (topology) =>
  npsServersOf(topology)
    .filter(({ service }) => granting(service).length === 0)
    .map(({ name, path }) => ({
      rule: 'NPS-06',
      severity: 'error',
      message: `${name} has no network policy that is enabled and grants access: everybody is denied with reason 48`,
      fix: 'let the wizard make the policy for VPN connections',
      path: [...path, 'networkPolicies'],
    }))

/** Methods of each policy that grants, with where they stand. */
const methodsOf = ({ service, path }: FoundNps) =>
  granting(service).map((policy) => ({
    policy,
    methods: policy.constraints?.authentication ?? DEFAULT_AUTHENTICATION,
    path: [...path, 'networkPolicies', (service.networkPolicies ?? []).indexOf(policy)],
  }))

/** NPS-07: EAP types that need a certificate, and none is selected, or one that the server does not have. */
export const eapCertificates: PreflightRule = (topology) =>
  npsServersOf(topology).flatMap((found) =>
    methodsOf(found).flatMap(({ policy, methods, path }) =>
      (methods.eap ?? []).flatMap((method, i): TopologyFinding[] => {
        if (method.type === 'mschapv2') return []
        const selected = method.certificate ?? found.service.certificate
        if (selected !== undefined && certificatesOf(topology, found).includes(selected)) return []
        const what =
          selected === undefined
            ? 'no certificate'
            : `a certificate '${selected}', which is not there,`
        return [
          {
            rule: 'NPS-07',
            severity: 'error',
            message: `'${policy.name}' of ${found.name} has ${what} for ${method.type.toUpperCase()}: clients see 864`,
            fix: 'select the certificate of NPS in the properties of the EAP type',
            path: [...path, 'constraints', 'authentication', 'eap', i],
          },
        ]
      }),
    ),
  )

/** What it holds, and what autoenrolment may bring; whether it does, ENR-01 tells. */
const certificatesOf = (topology: Topology, { node }: FoundNps): readonly string[] => [
  ...(node.certificates ?? []).map(({ name }) => name),
  ...Object.entries(topology.templates ?? {}).map(([key, { certificate = key }]) => certificate),
]

/** NPS-08: on Windows Server 2019 the firewall's own RADIUS rules do not reach the service. */
export const firewallSid: PreflightRule = (topology) =>
  npsServersOf(topology)
    .filter(
      ({ node, service }) =>
        node.os === 'windows-server-2019' && service.firewallSidFixed === false,
    )
    .map(({ name, path }) => ({
      rule: 'NPS-08',
      severity: 'error',
      message: `the firewall of ${name} drops RADIUS though its rules allow it (Windows Server 2019)`,
      fix: 'sc sidtype IAS unrestricted, then restart the server',
      path: [...path, 'firewallSidFixed'],
    }))

const answersWithoutEap = ({ pap, chap, msChap, msChapV2 }: AuthenticationMethods): boolean =>
  pap === true || chap === true || msChap === true || msChapV2 === true

/** NPS-09: answers that can be forged on the way (CVE-2024-3596): a policy lets in without EAP, and nobody insists on Message-Authenticator. */
export const blastRadius: PreflightRule = (topology) =>
  npsServersOf(topology).flatMap((found) => {
    const { clients = [], requireMessageAuthenticator } = found.service
    if (requireMessageAuthenticator === true) return []
    if (clients.every((client) => client.requiresMessageAuthenticator === true)) return []
    return methodsOf(found)
      .filter(({ methods }) => answersWithoutEap(methods))
      .map(({ policy, path }): TopologyFinding => ({
        rule: 'NPS-09',
        severity: 'warning',
        message: `'${policy.name}' of ${found.name} lets in without EAP, and Message-Authenticator is not required: answers can be forged (CVE-2024-3596)`,
        fix: 'allow EAP only, or netsh nps set requiremsgauth all = enable once all clients send it',
        path,
      }))
  })

/** NPS-10: the tutorial lets in by certificate alone. */
export const passwordMethods: PreflightRule = (topology) =>
  npsServersOf(topology).flatMap((found) =>
    methodsOf(found).flatMap(({ policy, methods, path }): TopologyFinding[] => {
      const inner = (methods.eap ?? []).some(
        (method) =>
          method.type === 'mschapv2' ||
          (method.type === 'peap' && method.inner.includes('mschapv2')),
      )
      if (!inner && methods.msChapV2 !== true) return []
      return [
        {
          rule: 'NPS-10',
          severity: 'warning',
          message: `'${policy.name}' of ${found.name} lets in by password (MS-CHAP v2)`,
          fix: 'allow PEAP with Smart Card or other certificate only',
          path,
        },
      ]
    }),
  )

/** RAS-02: the name of a RADIUS server leads nowhere. */
export const radiusNames: PreflightRule = (topology) =>
  vpnGatewaysOf(topology).flatMap(({ name, node, service }) =>
    (service.radius ?? []).flatMap(({ address }, i): TopologyFinding[] => {
      if (address === undefined || hasRecord(topology, address) !== false) return []
      const at = (node.services ?? []).indexOf(service)
      return [
        {
          rule: 'RAS-02',
          severity: 'error',
          message: `${name} asks the RADIUS server ${address}, and the zone has no such name (event 20148)`,
          fix: 'add the record, or enter the name as it is in DNS',
          path: ['nodes', name, 'services', at, 'radius', i, 'address'],
        },
      ]
    }),
  )
