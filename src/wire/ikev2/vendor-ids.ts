/**
 * Vendor IDs that are met beside Always On VPN, by the names that strongSwan, libreswan and Wireshark print (RFC 7296 §3.12).
 * Not a registry, which there is none of: an ID is any bytes, most often a hash of somebody's words.
 */
import { fromHex, toHex, utf8 } from '../../base/bytes.ts'

/** What a version of Windows puts its number behind. */
const MS_NT5_ISAKMPOAKLEY = '1e2b516905991c7d7c96fcbfb587e461'
const VERSION_DIGITS = 8

/** The first four are what a Windows client of 2015 sends, in its order; later ones do so too (strongSwan's documentation, "Windows Clients"). */
const VENDOR_IDS = {
  'MS NT5 ISAKMPOAKLEY v9': `${MS_NT5_ISAKMPOAKLEY}00000009`,
  'MS-Negotiation Discovery Capable': 'fb1de3cdf341b7ea16b7e5be0855f120',
  'Vid-Initial-Contact': '26244d38eddb61b3172a36e3d0cfb819',
  'Windows KEY_MODS (IKEv2)': '01528bbbc00696121849ab9a1c5b2a5100000002',
  'IKE CGA version 1': 'e3a5966a76379fe707228231e5ce8652',
  strongSwan: '882fe56d6fd20dbc2251613b2ebe5beb',
  FRAGMENTATION: '4048b7d56ebce88525e7de7f00d6c2d3',
  'Cisco Delete Reason': toHex(utf8('CISCO-DELETE-REASON')),
  'Cisco FlexVPN Supported': toHex(utf8('FLEXVPN-SUPPORTED')),
} as const
export type VendorName = keyof typeof VENDOR_IDS

const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(VENDOR_IDS).map(([name, hex]) => [hex, name]),
)

export const vendorId = (name: VendorName): Uint8Array => fromHex(VENDOR_IDS[name])

/** `MS NT5 ISAKMPOAKLEY v9`, with any version; undefined for bytes that nobody here knows. */
export function vendorName(data: Uint8Array): string | undefined {
  const hex = toHex(data)
  const isWindows =
    hex.length === MS_NT5_ISAKMPOAKLEY.length + VERSION_DIGITS &&
    hex.startsWith(MS_NT5_ISAKMPOAKLEY)
  return isWindows
    ? `MS NT5 ISAKMPOAKLEY v${Number.parseInt(hex.slice(-VERSION_DIGITS), 16)}`
    : NAMES.get(hex)
}
