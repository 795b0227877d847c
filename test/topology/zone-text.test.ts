import { expect, test } from 'vitest'
import { withoutRecords, withRecordLine } from '../../src/topology/zone-text.ts'

const ZONE = `; vpn IN A in a comment
$TTL 3600
@  IN SOA ns hostmaster ( 1 7200 ; serial, refresh (
      900 1209600 300 )
@ 3600 IN NS ns
vpn   IN 300 A 203.0.113.10
      IN AAAA 2001:db8::1
      TXT "vpn A; (not a bracket" ( "and
more" )
pki 1h IN A 203.0.113.11
vpn.contoso.com. A 203.0.113.12
$ORIGIN sub
vpn A 10.0.0.1
`

test.for([
  ['vpn', 'A', 2],
  ['vpn.contoso.com', 'a', 2],
  ['vpn.contoso.com.', 'A', 2],
  ['VPN', 'AAAA', 1],
  ['vpn', 'TXT', 2],
  ['@', 'SOA', 2],
  ['contoso.com', 'NS', 1],
  ['pki', 'A', 1],
  ['vpn.sub', 'A', 1],
  ['vpn.sub.contoso.com', 'A', 1],
  ['www', 'A', 0],
] as const)('%s %s takes %i lines away', ([name, type, lines]) => {
  const left = withoutRecords(ZONE, 'contoso.com', name, type)
  expect(ZONE.split('\n').length - left.split('\n').length).toBe(lines)
  expect(withoutRecords(left, 'contoso.com', name, type)).toBe(left)
})

test('what follows a record that goes keeps its owner', () => {
  const left = withoutRecords(ZONE, 'contoso.com', 'vpn', 'A')
  expect(left).toContain('\nvpn.contoso.com.      IN AAAA 2001:db8::1\n      TXT')
  expect(withoutRecords(left, 'contoso.com', 'vpn', 'TXT')).not.toContain('bracket')
  expect(withoutRecords(left, 'contoso.com', 'vpn', 'AAAA')).toContain('vpn.contoso.com.      TXT')
})

test('a record is put in relative to the origin, with the line ends of the file', () => {
  expect(withRecordLine('a A 1.2.3.4', 'contoso.com', 'vpn IN A 203.0.113.10')).toBe(
    'a A 1.2.3.4\n$ORIGIN contoso.com.\nvpn IN A 203.0.113.10\n',
  )
  expect(withRecordLine('a A 1.2.3.4\r\n', '.', 'com NS ns')).toBe(
    'a A 1.2.3.4\r\n$ORIGIN .\r\ncom NS ns\r\n',
  )
})

test('CRLF files keep their line ends', () => {
  const crlf = ZONE.replaceAll('\n', '\r\n')
  const left = withoutRecords(crlf, 'contoso.com', 'vpn', 'A')
  expect(left).toBe(withoutRecords(ZONE, 'contoso.com', 'vpn', 'A').replaceAll('\n', '\r\n'))
})
