/**
 * Cases in the format of x509-limbo (`limbo-schema.json`), read into what the path judgement takes. BetterTLS comes in it, too.
 * Not the judgement of a case: {@link ./judge.ts} makes it.
 */
import { z } from 'zod'
import type { KeyUsageBit } from '../../../src/pki/certificate/extensions.ts'
import { EKU_OIDS, OID } from '../../../src/pki/encoding/oids.ts'

const peerName = z.object({ kind: z.enum(['DNS', 'IP', 'RFC822']), value: z.string() })

const testcase = z.object({
  id: z.string(),
  features: z.array(z.string()).default([]),
  importance: z.string().default('undetermined'),
  validation_kind: z.enum(['SERVER', 'CLIENT']),
  trusted_certs: z.array(z.string()),
  untrusted_intermediates: z.array(z.string()),
  peer_certificate: z.string(),
  validation_time: z.nullish(z.string()),
  signature_algorithms: z.array(z.string()),
  key_usage: z.array(z.string()),
  extended_key_usage: z.array(z.string()),
  expected_result: z.enum(['SUCCESS', 'FAILURE']),
  expected_peer_name: z.nullish(peerName),
  expected_peer_names: z.array(peerName),
  max_chain_depth: z.nullish(z.number().int()),
  crls: z.array(z.string()).default([]),
})

export const limboSuite = z.object({ version: z.literal(1), testcases: z.array(testcase) })

export type LimboCase = z.infer<typeof testcase>

/** Key purposes by their names in the format; anything else is an OID. */
const PURPOSES = new Map<string, string>([
  ['anyExtendedKeyUsage', OID.anyExtendedKeyUsage],
  ['serverAuth', EKU_OIDS.serverAuth],
  ['clientAuth', EKU_OIDS.clientAuth],
  ['codeSigning', '1.3.6.1.5.5.7.3.3'],
  ['emailProtection', '1.3.6.1.5.5.7.3.4'],
  ['timeStamping', '1.3.6.1.5.5.7.3.8'],
  ['OCSPSigning', '1.3.6.1.5.5.7.3.9'],
])

/** Those that a case names, else the one of a TLS server or client. */
export function purposesOf({ extended_key_usage: named, validation_kind: kind }: LimboCase) {
  if (named.length > 0) return named.map((name) => PURPOSES.get(name) ?? name)
  return [EKU_OIDS[kind === 'CLIENT' ? 'clientAuth' : 'serverAuth']]
}

/** The format calls one bit by its newer name (RFC 5280 §4.2.1.3). */
export const keyUsageOf = ({ key_usage: bits }: LimboCase): readonly KeyUsageBit[] =>
  bits.map((bit) => (bit === 'contentCommitment' ? 'nonRepudiation' : bit) as KeyUsageBit)

/** Signature algorithm OIDs by their names in the format (RFC 3279, 4055, 5758, 8410, 8692, 9215; NIST's CSOR). */
const ALGORITHMS: Readonly<Record<string, string>> = {
  RSA_WITH_MD5: '1.2.840.113549.1.1.4',
  RSA_WITH_SHA1: '1.2.840.113549.1.1.5',
  RSA_WITH_SHA224: '1.2.840.113549.1.1.14',
  RSA_WITH_SHA256: '1.2.840.113549.1.1.11',
  RSA_WITH_SHA384: '1.2.840.113549.1.1.12',
  RSA_WITH_SHA512: '1.2.840.113549.1.1.13',
  RSA_WITH_SHA3_224: '2.16.840.1.101.3.4.3.13',
  RSA_WITH_SHA3_256: '2.16.840.1.101.3.4.3.14',
  RSA_WITH_SHA3_384: '2.16.840.1.101.3.4.3.15',
  RSA_WITH_SHA3_512: '2.16.840.1.101.3.4.3.16',
  RSASSA_PSS: '1.2.840.113549.1.1.10',
  ECDSA_WITH_SHA1: '1.2.840.10045.4.1',
  ECDSA_WITH_SHA224: '1.2.840.10045.4.3.1',
  ECDSA_WITH_SHA256: '1.2.840.10045.4.3.2',
  ECDSA_WITH_SHA384: '1.2.840.10045.4.3.3',
  ECDSA_WITH_SHA512: '1.2.840.10045.4.3.4',
  ECDSA_WITH_SHA3_224: '2.16.840.1.101.3.4.3.9',
  ECDSA_WITH_SHA3_256: '2.16.840.1.101.3.4.3.10',
  ECDSA_WITH_SHA3_384: '2.16.840.1.101.3.4.3.11',
  ECDSA_WITH_SHA3_512: '2.16.840.1.101.3.4.3.12',
  DSA_WITH_SHA1: '1.2.840.10040.4.3',
  DSA_WITH_SHA224: '2.16.840.1.101.3.4.3.1',
  DSA_WITH_SHA256: '2.16.840.1.101.3.4.3.2',
  DSA_WITH_SHA384: '2.16.840.1.101.3.4.3.3',
  DSA_WITH_SHA512: '2.16.840.1.101.3.4.3.4',
  ED25519: '1.3.101.112',
  ED448: '1.3.101.113',
  GOSTR3411_94_WITH_3410_2001: '1.2.643.2.2.3',
  GOSTR3410_2012_WITH_3411_2012_256: '1.2.643.7.1.1.3.2',
  GOSTR3410_2012_WITH_3411_2012_512: '1.2.643.7.1.1.3.3',
}

/** Undefined: any that can be verified. */
export function algorithmsOf({ signature_algorithms: named }: LimboCase) {
  return named.length === 0 ? undefined : named.map((name) => ALGORITHMS[name] ?? name)
}
