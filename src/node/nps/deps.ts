/**
 * What a running NPS needs from outside: settings as they are now, certificates, the directory, the judgement of a client's chain.
 * Not where they come from: the lab provides them.
 */
import type { Ipv4 } from '../../base/address.ts'
import type { Duration } from '../../base/time.ts'
import type { TlsIdentity, TlsVersion } from '../../engine/tls.ts'
import type { NpsSpec, RadiusServerSpec } from '../../topology/nps.ts'
import type { Assumptions } from '../../windows/assumptions.ts'
import type { ChainJudgement } from '../relying-party.ts'
import type { Resolve } from '../web-client.ts'
import type { NpsDirectory } from './directory.ts'

export interface NpsDeps {
  readonly spec: () => NpsSpec
  /** `NPS1`. */
  readonly computerName: string
  /** `nps1.corp.contoso.com`. */
  readonly serverName: string
  /** `CORP`. */
  readonly netbios: () => string
  /** Whether its computer is a member of RAS and IAS Servers. */
  readonly isRegistered: () => boolean
  /** Absent: the server is no member of a domain. */
  readonly directory: NpsDirectory | undefined
  /** A certificate of this host by name, default the one that Windows would take; undefined: there is none. */
  readonly identity: (certificate: string | undefined) => TlsIdentity | undefined
  /** Newest version of TLS that the server's Schannel speaks in EAP. */
  readonly tlsMaximum: () => TlsVersion
  readonly judgeUser: (
    chain: readonly Uint8Array[],
    policy: { readonly allowedCertificateOids: readonly string[] | undefined },
    done: (judgement: ChainJudgement) => void,
  ) => void
  readonly resolve: Resolve
  /** Where a server of a remote group is. */
  readonly addressOf: (server: RadiusServerSpec) => () => Ipv4 | undefined
  readonly assume: () => Assumptions
  readonly eapTimeout: () => Duration
  readonly onKeyLog: (line: string) => void
}
