/**
 * The switches of Windows programs that say whether, and how strictly, a certificate's revocation is looked at, as an operator sets
 * them on one host. Not what they do: `windows/revocation-switches.ts` says so.
 */

/** DWORDs below `HKLM\SYSTEM\CurrentControlSet\Services\RasMan\PPP\EAP\13` (EAP-TLS) or `…\25` (PEAP) on NPS. Absent: 0. */
export interface NpsRevocationSpec {
  /** Let pass what cannot be checked because the certificate names no place to look. */
  readonly ignoreNoRevocationCheck?: boolean
  /** Let pass what cannot be checked because no current list can be had. */
  readonly ignoreRevocationOffline?: boolean
  /** Look at nothing. */
  readonly noRevocationCheck?: boolean
  /** Leave the root out. */
  readonly noRootRevocationCheck?: boolean
}

/** `Set-NetFirewallSetting -CertValidationLevel`. */
export type CertValidationLevel = 'None' | 'AttemptCrlCheck' | 'RequireCrlCheck'

/** Of one host; absent: as Windows is installed. */
export interface RevocationSpec {
  /** By EAP type. NPS reads them when the server boots. */
  readonly nps?: { readonly eapTls?: NpsRevocationSpec; readonly peap?: NpsRevocationSpec }
  /** `HKLM\SYSTEM\CurrentControlSet\Services\RemoteAccess\Parameters\Ikev2\CertAuthFlags` on the gateway: 4 checks devices. Default 0. */
  readonly certAuthFlags?: number
  /** Of the client's IPsec. Default `None`. */
  readonly certValidationLevel?: CertValidationLevel
  /** `HKLM\SYSTEM\CurrentControlSet\Services\SstpSvc\Parameters\NoCertRevocationCheck` on the client. Default no. */
  readonly noCertRevocationCheck?: boolean
}
