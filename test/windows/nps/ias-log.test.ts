/** NPS's log, a line an event, in its three formats. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { instant } from '../../../src/base/time.ts'
import {
  formatLogTime,
  logFileName,
  LOGGED_AUTHENTICATION_TYPES,
  logLine,
  ODBC_COLUMNS,
  type LogRecord,
} from '../../../src/windows/nps/ias-log.ts'
import { parseXml } from '../../../src/windows/xml.ts'

/** The header that Microsoft's page on troubleshooting Always On VPN gives for the file. */
const HEADER =
  'ComputerName,ServiceName,Record-Date,Record-Time,Packet-Type,User-Name,Fully-Qualified-Distinguished-Name,Called-Station-ID,Calling-Station-ID,Callback-Number,Framed-IP-Address,NAS-Identifier,NAS-IP-Address,NAS-Port,Client-Vendor,Client-IP-Address,Client-Friendly-Name,Event-Timestamp,Port-Limit,NAS-Port-Type,Connect-Info,Framed-Protocol,Service-Type,Authentication-Type,Policy-Name,Reason-Code,Class,Session-Timeout,Idle-Timeout,Termination-Action,EAP-Friendly-Name,Acct-Status-Type,Acct-Delay-Time,Acct-Input-Octets,Acct-Output-Octets,Acct-Session-Id,Acct-Authentic,Acct-Session-Time,Acct-Input-Packets,Acct-Output-Packets,Acct-Terminate-Cause,Acct-Multi-Ssn-ID,Acct-Link-Count,Acct-Interim-Interval,Tunnel-Type,Tunnel-Medium-Type,Tunnel-Client-Endpt,Tunnel-Server-Endpt,Acct-Tunnel-Conn,Tunnel-Pvt-Group-ID,Tunnel-Assignment-ID,Tunnel-Preference,MS-Acct-Auth-Type,MS-Acct-EAP-Type,MS-RAS-Version,MS-RAS-Vendor,MS-CHAP-Error,MS-CHAP-Domain,MS-MPPE-Encryption-Types,MS-MPPE-Encryption-Policy,Proxy-Policy-Name,Provider-Type,Provider-Name,Remote-Server-Address,MS-RAS-Client-Name,MS-RAS-Client-Version'

const record: LogRecord = {
  at: instant('2026-03-02T08:00:00.041Z'),
  computerName: 'NPS1',
  packetType: 3,
  samAccountName: 'CORP\\ada',
  values: {
    'User-Name': 'ada@corp.contoso.com',
    'NAS-IP-Address': '172.16.20.10',
    'NAS-Port-Type': 5,
    'Client-Friendly-Name': 'VPN "one", <first>',
    'Authentication-Type': LOGGED_AUTHENTICATION_TYPES.peap,
    'Policy-Name': 'VPN',
    'Reason-Code': 48,
  },
}

test('the columns are the 66 of the header', () => {
  expect(ODBC_COLUMNS.join(',')).toBe(HEADER)
  expect(ODBC_COLUMNS).toHaveLength(66)
})

test('DTS is one element an event, with a type on each value', () => {
  expect(logLine(record)).toBe(
    '<Event><Timestamp data_type="4">03/02/2026 08:00:00.041</Timestamp><Computer-Name data_type="1">NPS1</Computer-Name><Event-Source data_type="1">IAS</Event-Source><User-Name data_type="1">ada@corp.contoso.com</User-Name><NAS-IP-Address data_type="3">172.16.20.10</NAS-IP-Address><Client-Friendly-Name data_type="1">VPN "one", &lt;first&gt;</Client-Friendly-Name><NAS-Port-Type data_type="0">5</NAS-Port-Type><Authentication-Type data_type="0">11</Authentication-Type><NP-Policy-Name data_type="1">VPN</NP-Policy-Name><SAM-Account-Name data_type="1">CORP\\ada</SAM-Account-Name><Packet-Type data_type="0">3</Packet-Type><Reason-Code data_type="0">48</Reason-Code></Event>',
  )
})

test('ODBC quotes text, and leaves a column empty where there is nothing', () => {
  expect(logLine(record, 'odbc')).toBe(
    `"NPS1","IAS",03/02/2026,08:00:00,3,"ada@corp.contoso.com",,,,,,,"172.16.20.10",,,,"VPN ""one"", <first>",,,5,,,,11,"VPN",48${','.repeat(40)}`,
  )
})

test('the IAS format has numbers and values in pairs, what has a comma in hexadecimal', () => {
  const hex = Buffer.from('VPN "one", <first>').toString('hex')
  expect(logLine(record, 'ias')).toBe(
    `172.16.20.10,ada@corp.contoso.com,03/02/2026,08:00:00,IAS,NPS1,4128,0x${hex},61,5,4127,11,4149,VPN,4129,CORP\\ada,4136,3,4142,48`,
  )
})

test('the pairs are those of Microsoft’s example', () => {
  // "Iasparse Examples" (cc781314), the second line, without the vendor that only a client of that time has.
  const line = logLine(
    {
      at: instant('2000-02-09T23:18:00Z'),
      computerName: 'RAJESHP2',
      packetType: 3,
      samAccountName: 'RAJESHP2\\rajeshp',
      values: {
        'NAS-IP-Address': '172.31.230.187',
        'User-Name': 'rajeshp',
        'Fully-Qualified-Distinguished-Name': 'RAJESHP2\\rajeshp',
        'Client-Friendly-Name': 'rajeshp3',
        'Client-Vendor': 9,
        'Client-IP-Address': '172.31.230.187',
        'Reason-Code': 16,
      },
    },
    'ias',
  )
  const [head, pairs] = [line!.split(',').slice(0, 6), line!.split(',').slice(6)]
  expect(head).toEqual('172.31.230.187,rajeshp,02/09/2000,23:18:00,IAS,RAJESHP2'.split(','))
  const asSet = (list: readonly string[]) =>
    list.flatMap((id, i) => (i % 2 === 0 ? [`${id}=${list[i + 1]}`] : [])).toSorted()
  expect(asSet(pairs)).toEqual(
    asSet(
      '4130,RAJESHP2\\rajeshp,4129,RAJESHP2\\rajeshp,4128,rajeshp3,4116,9,4108,172.31.230.187,4136,3,4142,16'.split(
        ',',
      ),
    ),
  )
})

test('without a format there is no line; the file is one a month', () => {
  expect(logLine(record, 'none')).toBeUndefined()
  expect(logFileName(record.at)).toBe('IN2603.log')
  expect(formatLogTime(record.at)).toBe('03/02/2026 08:00:00')
})

test('whatever a peer sends, a line is a line: XML that can be read, 66 columns, even pairs', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const hostile = { ...record, values: { ...record.values, 'User-Name': name } }
      const dts = logLine(hostile, 'dts')!
      expect(dts).not.toMatch(/[\r\n]/)
      expect(parseXml({ path: 'IN2603.log', text: dts, encoding: 'utf-8' })).toMatchObject({
        ok: true,
      })
      const odbc = logLine(hostile, 'odbc')!
      expect(odbc).not.toMatch(/[\r\n]/)
      expect(odbc.replace(/"(?:[^"]|"")*"/g, '').split(',')).toHaveLength(66)
      const ias = logLine(hostile, 'ias')!
      expect(ias).toMatch(/^[\x20-\x7e]*$/)
      expect((ias.split(',').length - 6) % 2).toBe(0)
    }),
  )
})
