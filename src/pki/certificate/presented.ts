/**
 * Certificates as peers send them, read once: a peer shows the same ones to everybody, and all peers that of their issuer. With them stay their keys and
 * the verdicts on their signatures. Not a judgement.
 */
import { toLatin1 } from '../../base/bytes.ts'
import { rememberLatest } from '../../base/remember.ts'
import type { Result } from '../../base/result.ts'
import type { DerFault } from '../encoding/der.ts'
import { readCertificate, type Certificate } from './certificate.ts'

const PRESENTED_MAX = 256

/** `der` is copied, where it is new. */
export const readPresented = (der: Uint8Array): Result<Certificate, DerFault> =>
  presentedBy(toLatin1(der), der)

const presentedBy = rememberLatest(PRESENTED_MAX, (_bytes: string, der: Uint8Array) =>
  readCertificate(der.slice()),
)
