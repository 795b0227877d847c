/**
 * Alerts of TLS: names, numbers, and the two bytes of one (RFC 8446 §6, RFC 5246 §7.2).
 * Not a decision to send one, and not the record around it.
 */

/** AlertDescription. */
const NUMBERS = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  record_overflow: 22,
  handshake_failure: 40,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  access_denied: 49,
  decode_error: 50,
  decrypt_error: 51,
  protocol_version: 70,
  insufficient_security: 71,
  internal_error: 80,
  inappropriate_fallback: 86,
  user_canceled: 90,
  no_renegotiation: 100,
  missing_extension: 109,
  unsupported_extension: 110,
  unrecognized_name: 112,
  bad_certificate_status_response: 113,
  unknown_psk_identity: 115,
  certificate_required: 116,
  no_application_protocol: 120,
} as const

export type TlsAlert = keyof typeof NUMBERS

const NAMES: ReadonlyMap<number, TlsAlert> = new Map(
  Object.entries(NUMBERS).map(([name, number]) => [number, name as TlsAlert]),
)

/** The name of an AlertDescription; undefined for a number that no RFC gives to TLS 1.2 or 1.3. */
export const alertNamed = (number: number): TlsAlert | undefined => NAMES.get(number)

/** From SSL 3.0 on. */
const OF_SSL3: ReadonlySet<number> = new Set([10, 20, 40, 42, 43, 44, 45, 46, 47])
const OF_TLS13: ReadonlySet<number> = new Set([109, 116])
/** Numbers from 110 to 115 are extensions' alerts, whose names stand alone. */
const isExtensions = (number: number): boolean => number >= 110 && number <= 115

/** What OpenSSL says of an alert that came. */
export function alertReason(number: number): string {
  const name = (NAMES.get(number) ?? 'unknown').replaceAll('_', ' ')
  if (OF_SSL3.has(number)) return `sslv3 alert ${name}`
  if (isExtensions(number)) return `tlsv1 ${name}`
  return `${OF_TLS13.has(number) ? 'tlsv13' : 'tlsv1'} alert ${name}`
}

/** AlertLevel and AlertDescription: warning (1) for what ends a connection in order, fatal (2) for all else. */
export const encodeAlert = (alert: TlsAlert): Uint8Array =>
  Uint8Array.of(alert === 'close_notify' || alert === 'user_canceled' ? 1 : 2, NUMBERS[alert])
