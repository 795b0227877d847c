/**
 * What a node's DNS client is configured with: NRPT rules and suffixes from its ProfileXML and from Group Policy, read anew at each question.
 * Not the resolver: `node/stub-resolver.ts` is.
 */
import type { StubConfig } from '../node/stub-resolver.ts'
import { NRPT_DEFAULTS, type NrptRule } from '../windows/nrpt.ts'
import type { DomainNameInformation, VpnProfile } from '../windows/profile-xml.ts'
import type { Compiled } from './compile.ts'
import { connectionName } from './vpn-profile.ts'

/** `isUp`: whether the connection of that name is. */
export function stubConfigOf(
  node: string,
  current: () => Compiled,
  isUp: (connection: string) => boolean,
): StubConfig {
  const profiles = (): readonly VpnProfile[] => {
    const installed = current().profiles.get(node)
    return [installed?.user, installed?.device].filter((profile) => profile !== undefined)
  }
  const isConnected = (profile: VpnProfile): boolean => isUp(connectionName(profile))
  const spec = () => {
    const own = current().topology.nodes[node]
    return own?.kind === 'host' ? own : undefined
  }
  return {
    nrpt: () => ({
      local: profiles().flatMap((profile) => {
        const connected = isConnected(profile)
        return profile.domainNameInformation.map((info) => ({ ...ruleOf(info), connected }))
      }),
      groupPolicy: spec()?.groupPolicyNrpt,
      connected: profiles().some(isConnected),
    }),
    nrptDefaults: () => NRPT_DEFAULTS,
    suffixSearchList: () => spec()?.suffixSearchList,
    profileSuffixes: () =>
      profiles()
        .filter(isConnected)
        .flatMap((profile) => profile.dnsSuffixes.map(({ value }) => value)),
  }
}

const ruleOf = (info: DomainNameInformation): NrptRule => ({
  namespace: info.domainName.value,
  ...(info.dnsServers === undefined ? {} : { servers: info.dnsServers.map(({ value }) => value) }),
  persistent: info.persistent?.value ?? false,
})
