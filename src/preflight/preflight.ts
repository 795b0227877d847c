/**
 * What is wrong before it runs: every rule over one topology. Reads data only; no lab is built, no packet sent.
 */
import type { Topology } from '../topology/topology.ts'
import { duplicateAddresses, gatewaysOffLink, overlappingNetworks } from './addressing.ts'
import { clientTrust } from './client-trust.ts'
import { deniedEnrolments, gatewayCertificates } from './enrolment.ts'
import type { PreflightRule, TopologyFinding } from './finding.ts'
import { rulesOfOneName, shadowedRules } from './firewall-rules.ts'
import {
  defaultGateways,
  gatewayAdapters,
  gatewayBetweenFirewalls,
  gatewayDns,
  gatewayReachable,
  radiusBehindInnerFirewall,
} from './gateway.ts'
import { emptyGroups, serverGroups, vpnUsers } from './network-access.ts'
import {
  blastRadius,
  connectionRequestPolicies,
  eapCertificates,
  firewallSid,
  networkPolicies,
  npsRegistration,
  passwordMethods,
  proxySecrets,
  radiusClients,
  radiusNames,
  radiusServerRole,
} from './nps.ts'
import { vlansMissingOnTrunks } from './switching.ts'
import {
  autoenrolmentPolicy,
  issuingAuthorities,
  templateContents,
  templateKeys,
  templatePermissions,
  unpublishedTemplates,
} from './templates.ts'

const RULES: readonly PreflightRule[] = [
  duplicateAddresses,
  overlappingNetworks,
  gatewaysOffLink,
  vlansMissingOnTrunks,
  gatewayBetweenFirewalls,
  gatewayAdapters,
  gatewayReachable,
  defaultGateways,
  gatewayDns,
  radiusBehindInnerFirewall,
  shadowedRules,
  rulesOfOneName,
  unpublishedTemplates,
  issuingAuthorities,
  autoenrolmentPolicy,
  templatePermissions,
  templateKeys,
  templateContents,
  deniedEnrolments,
  gatewayCertificates,
  clientTrust,
  radiusNames,
  radiusServerRole,
  npsRegistration,
  radiusClients,
  proxySecrets,
  connectionRequestPolicies,
  networkPolicies,
  eapCertificates,
  firewallSid,
  blastRadius,
  passwordMethods,
  emptyGroups,
  serverGroups,
  vpnUsers,
]

/** Errors first; within a severity, in the order of the rules. */
export function preflight(topology: Topology): readonly TopologyFinding[] {
  const findings = RULES.flatMap((rule) => rule(topology))
  return [
    ...findings.filter(({ severity }) => severity === 'error'),
    ...findings.filter(({ severity }) => severity === 'warning'),
  ]
}
