/**
 * Why a certification authority turns a request down: the codes that Windows shows, with their names in winerror.h.
 * Not the decision, which is `directory/enrolment.ts`.
 */

export const DENIALS = {
  CERTSRV_E_BAD_REQUESTSUBJECT: {
    code: '0x80094001',
    text: 'The request subject name is invalid or too long.',
  },
  CERTSRV_E_ENROLL_DENIED: {
    code: '0x80094011',
    text: 'The permissions on this certification authority do not allow the current user to enroll for certificates.',
  },
  CERTSRV_E_TEMPLATE_DENIED: {
    code: '0x80094012',
    text: 'The permissions on the certificate template do not allow the current user to enroll for this type of certificate.',
  },
  CERTSRV_E_UNSUPPORTED_CERT_TYPE: {
    code: '0x80094800',
    text: 'The requested certificate template is not supported by this CA.',
  },
  CERTSRV_E_SUBJECT_DNS_REQUIRED: {
    code: '0x8009480F',
    text: 'The Domain Name System (DNS) name is unavailable and cannot be added to the Subject Alternate name.',
  },
  CERTSRV_E_KEY_LENGTH: {
    code: '0x80094811',
    text: 'The public key does not meet the minimum size required by the specified certificate template.',
  },
  CERTSRV_E_SUBJECT_EMAIL_REQUIRED: {
    code: '0x80094812',
    text: 'The EMail name is unavailable and cannot be added to the Subject or Subject Alternate name.',
  },
  CERT_E_EXPIRED: {
    code: '0x800B0101',
    text: 'A required certificate is not within its validity period when verifying against the current system clock.',
  },
  ERROR_ACCOUNT_DISABLED: {
    code: '0x80070533',
    text: 'This user can’t sign in because this account is currently disabled.',
  },
  RPC_S_SERVER_UNAVAILABLE: {
    code: '0x800706BA',
    text: 'The RPC server is unavailable.',
  },
} as const satisfies Readonly<Record<string, { readonly code: string; readonly text: string }>>

export type DenialName = keyof typeof DENIALS

export interface Denial {
  /** HRESULT as Windows shows it, `0x80094012`. */
  readonly code: string
  /** `CERTSRV_E_TEMPLATE_DENIED`. */
  readonly name: DenialName
  /** What is wrong, in our words. */
  readonly message: string
  readonly expected: string
  readonly got: string
  /** What no source confirms: the verdict, or its code, rests on it. */
  readonly restsOn?: string
}

export const denied = (name: DenialName, why: Omit<Denial, 'code' | 'name'>): Denial => ({
  code: DENIALS[name].code,
  name,
  ...why,
})
