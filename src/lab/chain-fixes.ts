/**
 * What to reissue or to change for each broken rule of a certificate path: one sentence a code, with the certificate's name in it.
 * Not the finding: `pki/path/path-rules.ts` and the relying parties' demands make those.
 */
import type { PathFailureCode } from '../pki/profile/failure.ts'
import type { ChainFailure } from './reports.ts'

type Fix = (failure: ChainFailure) => string

const renew: Fix = ({ subject }) => `renew ${subject} and bind the new certificate where it is used`
const publish: Fix = ({ subject }) =>
  `publish a new CRL of the authority that issued ${subject} (certutil -crl), and copy it to its distribution point`
const reach: Fix = ({ subject, expected }) =>
  `let the relying party reach ${expected ?? `the CRL of ${subject}`}: name, route, firewall and web server`
const responder: Fix = ({ subject }) =>
  `repair the OCSP responder that answers for ${subject}, or let the relying party fall back to a CRL`
const account: Fix = ({ subject }) => `look at the account that ${subject} stands for`

/** Closed: a new code does not compile until it has its sentence. */
const FIXES: Readonly<Record<PathFailureCode, Fix>> = {
  'pki/malformed': ({ subject }) => `reissue ${subject}: its encoding breaks the rules of DER`,
  'pki/bad-signature': ({ subject }) =>
    `replace ${subject}, or the issuer's certificate that is installed: they are not of one key`,
  'pki/untrusted-root': ({ subject, expected }) =>
    `install the root${expected?.includes('=') === true ? ` ${expected}` : ''} above ${subject} among the relying party's trusted roots (LocalMachine\\Root), or reissue under one that is there`,
  'pki/missing-intermediate': ({ subject, expected }) =>
    `send ${expected ?? 'the issuer'} along with ${subject}, or install it among the relying party's intermediates`,
  'pki/path-search-limit': ({ subject }) =>
    `remove superfluous cross-certificates between ${subject} and the root`,
  'pki/distrusted': ({ subject }) =>
    `take ${subject} out of the relying party's untrusted certificates, or issue without it`,
  'pki/certificate-expired': renew,
  'pki/certificate-not-yet-valid': ({ subject }) =>
    `set the clocks right, or reissue ${subject} with an earlier beginning`,
  'pki/revoked': ({ subject }) =>
    `issue another certificate in place of ${subject}, with a new key`,
  'pki/not-a-ca': ({ subject }) =>
    `reissue ${subject} as an authority (basicConstraints cA, keyUsage keyCertSign), or issue below another`,
  'pki/path-too-long': ({ subject }) =>
    `reissue ${subject} with a larger path length, or take an authority out of the path`,
  'pki/name-constraint': ({ subject }) =>
    `reissue ${subject} with a name that its authorities may certify, or below another authority`,
  'pki/policy': ({ subject }) => `reissue ${subject} under a certificate policy that is accepted`,
  'pki/unknown-critical-extension': ({ subject, got }) =>
    `reissue ${subject} without the critical extension${got === undefined ? '' : ` ${got}`}`,
  'pki/weak-algorithm': ({ subject }) => `reissue ${subject} with RSA 2048 or stronger and SHA-256`,
  'pki/not-conforming': ({ subject, expected = 'what its rules demand' }) =>
    `reissue ${subject} with ${expected}`,
  'pki/crl-expired': publish,
  'pki/crl-not-yet-valid': ({ subject }) =>
    `set the clocks right at the authority that issued ${subject} and at the relying party`,
  'pki/crl-invalid': publish,
  'pki/crl-unreachable': reach,
  'pki/no-crl-distribution-point': ({ subject }) =>
    `configure a CDP at the authority and reissue ${subject}`,
  'pki/ocsp-unreachable': reach,
  'pki/ocsp-invalid': responder,
  'pki/ocsp-expired': responder,
  'pki/ocsp-unknown': responder,
  'pki/wrong-key-usage': ({ subject, expected }) =>
    `reissue ${subject} from a template with the key usage${expected === undefined ? '' : ` ${expected}`}`,
  'pki/wrong-eku': ({ subject, expected }) =>
    `reissue ${subject} from a template with the purpose${expected === undefined ? '' : ` ${expected}`}`,
  'pki/name-mismatch': ({ subject, expected }) =>
    `dial a name that ${subject} has, or reissue it with ${expected ?? 'the dialled name'} in the subject alternative name`,
  'pki/name-case-mismatch': ({ subject }) =>
    `write the name in the profile with the letter case that ${subject} has`,
  'pki/root-not-accepted': ({ subject }) =>
    `enter the root above ${subject} in the relying party's list of accepted roots, or reissue below one of the list`,
  'pki/not-in-ntauth': ({ subject }) =>
    `publish ${subject} to NTAuth (certutil -dspublish -f ca.cer NTAuthCA)`,
  'pki/eku-not-accepted': ({ subject, expected }) =>
    `reissue ${subject} with ${expected ?? 'a purpose of the list'}, or enter its purpose in the relying party's list`,
  'pki/no-account-name': ({ subject }) =>
    `reissue ${subject} from a template that writes the account's name into the subject alternative name`,
  'account/unknown': ({ subject, got }) =>
    `create the account${got === undefined ? '' : ` ${got}`}, or reissue ${subject} for one that exists`,
  'account/ambiguous': ({ subject }) => `make the mapping of ${subject} to an account unique`,
  'account/disabled': account,
  'account/expired': account,
  'account/locked': account,
  'account/outside-hours': account,
  'account/not-strongly-mapped': ({ subject }) =>
    `reissue ${subject} from an authority that writes the SID extension (1.3.6.1.4.1.311.25.2), or enter a strong mapping in altSecurityIdentities`,
  'account/predated': ({ subject }) =>
    `issue ${subject} again: it is older than the account that it stands for`,
  'account/sid-mismatch': ({ subject }) =>
    `issue ${subject} again for the account that has the name now: its SID is of another one`,
}

/** What to do about a broken rule: one sentence. Empty for a code that is none of `pki/profile/failure.ts`. */
export const fixOf = (failure: ChainFailure): string =>
  Object.hasOwn(FIXES, failure.code) ? FIXES[failure.code as PathFailureCode](failure) : ''
