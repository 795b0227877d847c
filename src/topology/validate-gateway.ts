/**
 * VPN gateways and clients whose settings Windows would refuse: addresses that are none, times beyond RRAS's limits, two answers to one
 * question. Not an opinion: that a policy is weak or differs from the other side's is what people rehearse.
 */
import { formatDuration, minutes, seconds, type Duration } from '../base/time.ts'
import { GATEWAY_SECONDS } from './ipsec.ts'
import type { Complaint, Problems } from './problems.ts'
import type { VpnClientSpec, VpnGatewaySpec } from './services.ts'
import type { Topology } from './topology.ts'
import { validateRadiusServer } from './validate-nps.ts'
import { spanComplaint } from './validate-pki.ts'
import { ipv4Complaint, oidComplaint, prefixComplaint, subjectComplaint } from './values.ts'

/** Everything but its certificate, which is looked for among those of its node. */
export function validateVpnGateway(t: Topology, service: VpnGatewaySpec, problems: Problems): void {
  service.radius?.forEach((server, i) => validateRadiusServer(server, t, problems.at('radius', i)))
  validateAddresses(service, problems)
  validateDeviceTunnel(service, problems.at('deviceTunnel'))
  validateTimes(service, problems)
  if (service.authentication?.length === 0) {
    problems.at('authentication').add('is empty: nobody could prove who they are')
  }
}

function validateAddresses(service: VpnGatewaySpec, problems: Problems): void {
  const { pool, addressAssignment } = service
  if (pool !== undefined) problems.at('pool').add(prefixComplaint(pool))
  if (typeof addressAssignment === 'object') {
    problems.at('addressAssignment', 'pool').add(prefixComplaint(addressAssignment.pool))
  }
  if (pool !== undefined && addressAssignment !== undefined) {
    problems.at('addressAssignment').add('says again where addresses come from: `pool` does, too')
  }
  service.dnsServers?.forEach((server, i) =>
    problems.at('dnsServers', i).add(ipv4Complaint(server)),
  )
}

function validateDeviceTunnel({ deviceTunnel = {} }: VpnGatewaySpec, problems: Problems): void {
  const { rootCertificateNames = [], ekus = [] } = deviceTunnel
  rootCertificateNames.forEach((name, i) =>
    problems.at('rootCertificateNames', i).add(subjectComplaint(name)),
  )
  ekus.forEach((oid, i) => problems.at('ekus', i).add(oidComplaint(oid)))
}

function validateTimes(service: VpnGatewaySpec, problems: Problems): void {
  const { idleDisconnect, networkOutage, negotiateTime, handshakeTime } = service
  const [least, most] = [seconds(GATEWAY_SECONDS.min), seconds(GATEWAY_SECONDS.max)]
  problems.at('idleDisconnect').add(timeComplaint(idleDisconnect, least, most))
  problems.at('networkOutage').add(timeComplaint(networkOutage, minutes(2), most))
  problems.at('negotiateTime').add(timeComplaint(negotiateTime, seconds(1), most))
  if (handshakeTime !== undefined) {
    problems.at('handshakeTime', 'each').add(spanComplaint(handshakeTime.each))
  }
}

/** What the phonebook of a client cannot hold. */
export function validateVpnClient(spec: VpnClientSpec, problems: Problems): void {
  const { networkOutageTime, disableMobility = false, disabledProfiles = [] } = spec
  const here = problems.at('networkOutageTime')
  here.add(timeComplaint(networkOutageTime, seconds(0), seconds(0xffff_ffff)))
  if (networkOutageTime !== undefined && disableMobility) {
    here.add('needs mobility, which disableMobility switches off')
  }
  disabledProfiles.forEach((name, i) =>
    problems
      .at('disabledProfiles', i)
      .add(name.includes('/') ? `'${name}' is no profile's name: '/' cannot be in one` : undefined),
  )
}

function timeComplaint(span: Duration | undefined, least: Duration, most: Duration): Complaint {
  if (span === undefined || (span >= least && span <= most)) return undefined
  const limit = span < least ? `at least ${least / 1e6} s` : `at most ${most / 1e6} s`
  return `is ${formatDuration(span)}: Windows takes ${limit}`
}
