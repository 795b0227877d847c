/**
 * What every controller of a domain knows, the changes of a running lab included: replication takes no time here.
 * Not a server: `node/domain-controller.ts` answers for it on the network, and whoever asks this must have got through to one.
 */
import type { Instant } from '../base/time.ts'
import type { Certificate } from '../pki/certificate/certificate.ts'
import type { Directory } from './directory.ts'
import { DomainState } from './domain-state.ts'
import { mapCertificate, type CertificateMapping, type KdcAssumptions } from './kdc.ts'
import {
  LOGON_ASSUMPTIONS,
  verifyMsChapV2,
  verifyPassword,
  type LogonAssumptions,
  type MsChapV2Logon,
  type MsChapV2Result,
  type PasswordLogon,
  type PasswordResult,
  type Verified,
} from './logon.ts'

export interface DomainAuthorityOptions {
  /** As it is now: an edit makes a new one. */
  readonly directory: () => Directory
  /** What the controllers' clocks show. */
  readonly clock: () => Instant
  readonly state?: DomainState
  readonly assume?: Partial<LogonAssumptions>
}

export class DomainAuthority {
  readonly state: DomainState
  readonly assume: LogonAssumptions
  readonly #options: DomainAuthorityOptions

  constructor(options: DomainAuthorityOptions) {
    this.#options = options
    this.state = options.state ?? new DomainState()
    this.assume = { ...LOGON_ASSUMPTIONS, ...options.assume }
  }

  get directory(): Directory {
    return this.#options.directory()
  }

  get at(): Instant {
    return this.#options.clock()
  }

  logon(request: PasswordLogon): PasswordResult {
    return this.#keep(verifyPassword(request, this.#context()))
  }

  logonMsChapV2(request: MsChapV2Logon): MsChapV2Result {
    return this.#keep(verifyMsChapV2(request, this.#context()))
  }

  mapCertificate(certificate: Certificate, assume: KdcAssumptions): CertificateMapping {
    const at = this.at
    // A lockout by wrong passwords counts here as one that the topology says.
    return mapCertificate(this.directory, certificate, at, assume, (account) =>
      this.state.isLocked(account, at),
    )
  }

  #context() {
    const { directory, state, at, assume } = this
    return { directory, states: state, at, assume }
  }

  #keep<R>({ result, change }: Verified<R>): R {
    if (change !== undefined) {
      this.state.apply(this.directory, change.account, change.what, this.at)
    }
    return result
  }
}
