/** Why a verdict on one of BoringSSL's tests differs from its own, where that is known. Each counts as a difference nevertheless. */

const OTHER_KEY =
  'the key identifiers say that the certificate of that name has another key: its issuer is missing'
const JUDGED_LATER = 'read as it stands, and refused where it is judged'
const STRICT_DER = 'not DER (X.690 §11.5): a DEFAULT value is encoded'
const NOT_A_HOST = 'RFC 5280 §4.2.1.10 has another form for the constraint'
const NO_EXPLICIT_TAG = 'the value of an otherName is tagged [0] EXPLICIT (RFC 5280 §4.2.1.6)'
const LOOSE_STRINGS = 'names are compared, and characters beyond a string type’s set still compare'

const REASONS = new Map<string, string>([
  ['incorrect-trust-anchor/main.test', OTHER_KEY],
  ['intermediate-and-target-wrong-signature/main.test', OTHER_KEY],
  ['target-wrong-signature/main.test', OTHER_KEY],
  [
    'many-names/ok-all-types.test',
    'its URI constraints are whole URIs, where RFC 5280 §4.2.1.10 wants a host or a domain',
  ],
  [
    'target-eku-clientauth/clientauth-strict.test',
    'an authority without extKeyUsage is not limited (RFC 5280 §4.2.1.12)',
  ],
  [
    'target-msapplicationpolicies-and-eku/main.test',
    'a critical extension that is not processed is refused, whatever stands beside it (RFC 5280 §4.2)',
  ],
  [
    'target-selfissued/trusted_anchor.test',
    'told of the signature: it names itself as its issuer, but its own key did not sign it',
  ],
  ['parse_certificate_unittest/basic_constraints_ca_false.pem', STRICT_DER],
  [
    'parse_certificate_unittest/basic_constraints_pathlen_256.pem',
    'pathLenConstraint is an INTEGER (0..MAX)',
  ],
  [
    'parse_certificate_unittest/cert_skeleton.pem',
    'only a frame, which theirs looks no further into',
  ],
  [
    'parse_certificate_unittest/cert_version3.pem',
    'only a frame, which theirs looks no further into',
  ],
  [
    'parse_certificate_unittest/failed_signature_algorithm.pem',
    'both signature algorithms must be the same (RFC 5280 §4.1.1.2)',
  ],
  [
    'parse_certificate_unittest/signature_algorithm_null.pem',
    'both signature algorithms must be the same (RFC 5280 §4.1.1.2)',
  ],
  ['parse_certificate_unittest/issuer_bad_printable_string.pem', LOOSE_STRINGS],
  ['parse_certificate_unittest/subject_not_printable_string.pem', LOOSE_STRINGS],
  [
    'parse_certificate_unittest/subject_printable_string_containing_utf8_client_cert.pem',
    'a PrintableString has no octets above 7F',
  ],
  ['parse_certificate_unittest/name_constraints_bad_ip.pem', JUDGED_LATER],
  ['parse_certificate_unittest/subject_blank_subjectaltname_not_critical.pem', JUDGED_LATER],
  [
    'crl_unittest/bad_crldp_has_crlissuer.pem',
    'any CRL of the issuer counts where the point leads nowhere (RFC 5280 §6.3.3, last paragraph)',
  ],
  ['crl_unittest/bad_idp_indirectcrl.pem', 'indirect CRLs are processed here'],
  [
    'crl_unittest/bad_thisupdate_too_old.pem',
    'theirs has an age limit of seven days; RFC 5280 has nextUpdate',
  ],
  [
    'crl_unittest/invalid_idp_onlycontainsusercerts_v1_leaf.pem',
    'a certificate without basicConstraints is none of an authority (RFC 5280 §6.3.3 (b))',
  ],
  ['name_constraints_unittest/dnsname-permitted_two_dot.pem', NOT_A_HOST],
  ['name_constraints_unittest/dnsname-with_min_0.pem', STRICT_DER],
  ['name_constraints_unittest/dnsname.pem', NOT_A_HOST],
  ['name_constraints_unittest/directoryname_and_dnsname.pem', NOT_A_HOST],
  ['name_constraints_unittest/directoryname_and_dnsname_and_ipaddress.pem', NOT_A_HOST],
  ['name_constraints_unittest/rfc822name-excluded-hostnamewithat.pem', NOT_A_HOST],
  ['name_constraints_unittest/rfc822name-permitted-hostnamewithat.pem', NOT_A_HOST],
  ['name_constraints_unittest/rfc822name-excluded-ipv4.pem', NOT_A_HOST],
  ['name_constraints_unittest/rfc822name-permitted-ipv4.pem', NOT_A_HOST],
  ['name_constraints_unittest/uri-excluded.pem', NOT_A_HOST],
  ['name_constraints_unittest/uri-permitted.pem', NOT_A_HOST],
  ['name_constraints_unittest/othername-excluded.pem', NO_EXPLICIT_TAG],
  ['name_constraints_unittest/othername-permitted.pem', NO_EXPLICIT_TAG],
  ['name_constraints_unittest/san-othername.pem', NO_EXPLICIT_TAG],
  ['name_constraints_unittest/name-us-arizona-email-invalidstring.pem', LOOSE_STRINGS],
])

export const knownReason = (id: string): string | undefined => REASONS.get(id)
