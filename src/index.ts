/**
 * The one public door: what a topology file and a story import from 'sallyport'. Named re-exports only, no logic.
 * Not for use inside: there, import the file that owns the name.
 */
export {
  days,
  hours,
  instant,
  minutes,
  ms,
  seconds,
  type Duration,
  type Instant,
} from './base/time.ts'
export { sourceFile, type SourceFile } from './topology/files.ts'
export {
  allow,
  allowEstablished,
  deny,
  reject,
  type FilterSpec,
  type NatRouterSpec,
  type NatRuleSpec,
  type RuleSpec,
} from './topology/firewall.ts'
export type { DirectorySpec } from './topology/directory.ts'
export {
  nps,
  vpnConnectionRequestPolicy,
  vpnNetworkPolicy,
  type EapTypeSpec,
  type NetworkPolicySpec,
  type NpsSpec,
  type RadiusClientSpec,
  type RadiusServerSpec,
} from './topology/nps.ts'
export { readContainer, type ContainerFault, type Contents } from './pki/files/containers.ts'
export { mirrorCertificates, type Mirror, type MirrorFault } from './pki/mirror/mirror.ts'
export { mirrorOf, type MirroredSpec } from './pki/mirror/mirror-source.ts'
export type { AuthoritySpec, CertificateSpec, MirrorSource, OcspSpec } from './topology/pki.ts'
export {
  dhcpRelay,
  dhcpServer,
  dnsServer,
  domainController,
  listener,
  vpnGateway,
  webServer,
  type ServiceSpec,
  type VpnClientSpec,
  type VpnGatewaySpec,
} from './topology/services.ts'
export type { IpsecPolicySpec } from './topology/ipsec.ts'
export {
  deviceTemplate,
  npsServerTemplate,
  vpnServerTemplate,
  vpnUserTemplate,
  type TemplateSpec,
} from './topology/templates.ts'
export {
  ethernetSwitch,
  firewall,
  host,
  natRouter,
  topology,
  type NodeSpec,
  type Topology,
} from './topology/topology.ts'
export {
  compose,
  edit,
  moved,
  withAuthority,
  withCertificate,
  withGateway,
  withGroupPolicyNrpt,
  withInterface,
  withNatRule,
  withNode,
  withoutAuthorityOn,
  withoutCrl,
  withoutNatRule,
  withoutRecord,
  withoutRoute,
  withoutRule,
  withoutTrunkVlan,
  withProfileText,
  withRecord,
  withRoute,
  withRule,
  withRuleChanged,
  type Edit,
} from './topology/edit.ts'
export {
  withAutoenrolment,
  withCertificateRevoked,
  withComputer,
  withKdc,
  withPasswordPolicy,
  withMember,
  withoutMember,
  withoutNtAuth,
  withoutTemplateAt,
  withTemplate,
  withUser,
} from './topology/edit-directory.ts'
export {
  withConnectionRequestPolicy,
  withGatewayRadius,
  withNetworkPolicy,
  withNps,
  withoutConnectionRequestPolicy,
  withoutNetworkPolicy,
  withRadiusClient,
  withRadiusSecret,
  withRadiusServer,
} from './topology/edit-nps.ts'
export {
  withGatewayIpsec,
  withRemoteAccess,
  withVpnClient,
  withVpnGateway,
} from './topology/edit-gateway.ts'
export { delay, duplicate, fault, flipBit, lose, type Fault } from './net/faults.ts'
export { buildLab } from './lab/build.ts'
export type { ConnectOptions, Lab, LabNode, LabOptions, LabProblem, ProbeQuery } from './lab/lab.ts'
export type { ConnectPlace } from './lab/connect-matchers.ts'
export type { ConnectFailureKind } from './windows/connect/failures.ts'
export type {
  AuthenticationReport,
  ChainReport,
  ConnectReport,
  EnrolmentReport,
  HttpReport,
  ProbeReport,
  ResolveReport,
  SelectionReport,
  SessionReport,
} from './lab/reports.ts'
export {
  diagnoseCapture,
  type CapturedDial,
  type CaptureReport,
} from './diagnose/capture/report.ts'
export { story, type Story } from './lab/story.ts'
