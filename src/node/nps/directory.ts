/**
 * What NPS asks Active Directory, whoever carries the questions. `node/directory-client.ts` does it over the network.
 * Not the answers: `directory/` has those.
 */
import type { DialInProperties } from '../../directory/directory.ts'
import type {
  MsChapV2Logon,
  MsChapV2Result,
  PasswordLogon,
  PasswordResult,
} from '../../directory/logon.ts'
import type { Certificate } from '../../pki/certificate/certificate.ts'
import type { NpsReason } from '../../windows/nps/reasons.ts'

/** An account as NPS reads it. */
export interface AccountView {
  readonly kind: 'user' | 'computer'
  /** sAMAccountName. */
  readonly name: string
  readonly sid: string
  readonly distinguishedName: string
  /** Nested ones included, in lower case. */
  readonly groups: ReadonlySet<string>
  /** Absent: NPS may not read them. */
  readonly dialIn?: DialInProperties
}

export type LookupResult =
  | { readonly ok: true; readonly account: AccountView }
  | { readonly ok: false; readonly reason: NpsReason; readonly detail: string }

/** Whether the controller can say whose certificate it is; the judgement itself asks the KDC's rules. */
export type MappingResult =
  /** `sid` absent: the rules of the KDC found no account, which the judgement of the chain tells. */
  | { readonly ok: true; readonly sid?: string; readonly name?: string }
  | { readonly ok: false; readonly reason: NpsReason; readonly detail: string }

/** Each `done` is called once. */
export interface NpsDirectory {
  lookup(name: string, done: (found: LookupResult) => void): void
  logon(request: PasswordLogon, done: (result: PasswordResult) => void): void
  logonMsChapV2(request: MsChapV2Logon, done: (result: MsChapV2Result) => void): void
  mapCertificate(certificate: Certificate, done: (result: MappingResult) => void): void
}
