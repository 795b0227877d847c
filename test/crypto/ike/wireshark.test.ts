import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { checksum, concat, fromHex, setU16, setU32, toHex } from '../../../src/base/bytes.ts'
import { rngFrom } from '../../../src/base/rng.ts'
import { espCipher } from '../../../src/crypto/ike/esp-cipher.ts'
import { ikeCipher } from '../../../src/crypto/ike/ike-cipher.ts'
import { espKeyLine, ikeKeyLine } from '../../../src/crypto/ike/wireshark.ts'
import { hasTshark } from '../../oracle/tshark/tshark.ts'
import { ESP_SUITES, IKE_SUITES, keysOf } from './suites.ts'

const isJudged = hasTshark() || process.env['SALLYPORT_JUDGES'] === 'required'

function ipv4(protocol: number, payload: Uint8Array): Uint8Array {
  const out = concat(fromHex('4500000000000000400000000a0000010a000002'), payload)
  setU16(out, 2, out.length)
  out[9] = protocol
  setU16(out, 10, checksum(out, 0, 20))
  return out
}

/** A classic pcap of bare IPv4 packets. */
function pcapOf(packets: readonly Uint8Array[]): Uint8Array {
  const header = fromHex('a1b2c3d4 00020004 00000000 00000000 00010000 00000065')
  const records = packets.map((packet, at) => {
    const record = new Uint8Array(16)
    for (const [field, value] of [at, 0, packet.length, packet.length].entries()) {
      setU32(record, 4 * field, value)
    }
    return concat(record, packet)
  })
  return concat(header, ...records)
}

/** One row of fields a packet. */
function tshark(
  packets: readonly Uint8Array[],
  table: string,
  lines: readonly string[],
  fields: readonly string[],
): readonly string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'ike-'))
  const file = path.join(folder, 'x.pcap')
  writeFileSync(file, pcapOf(packets))
  const checks = ['esp.enable_encryption_decode', 'esp.enable_authentication_check']
  const run = spawnSync(
    'tshark',
    [
      '-r',
      file,
      '-n',
      '-T',
      'fields',
      ...checks.flatMap((name) => ['-o', `${name}:TRUE`]),
      ...lines.flatMap((line) => ['-o', `uat:${table}:${line}`]),
      ...fields.flatMap((name) => ['-e', name]),
    ],
    { encoding: 'utf8' },
  )
  rmSync(folder, { recursive: true })
  expect({ status: run.status, stderr: run.stderr }).toMatchObject({ status: 0 })
  return run.stdout.replace(/\n$/, '').split('\n')
}

const ECHO = fromHex('0800f7ff00000000')

test.runIf(isJudged)(
  'Wireshark opens ESP of every suite that has a line, and finds each ICV right',
  () => {
    const rng = rngFrom('esp')
    const opened = ESP_SUITES.flatMap((suite, at) => {
      const keys = keysOf(suite)
      const from = { source: '10.0.0.1', destination: '10.0.0.2', spi: 0xc0000000 + at }
      const line = espKeyLine(suite, from, keys)
      if (line === undefined) return []
      const cipher = espCipher(suite, keys)
      const inner = ipv4(1, ECHO)
      const packet = cipher.seal(from.spi, 1, 4, inner, rng.bytes(cipher.ivBytes))
      return [{ line, packet: ipv4(50, packet) }]
    })
    // All but ChaCha20-Poly1305 and the three of GMAC.
    expect(opened.length).toBe(ESP_SUITES.length - 4)
    const rows = tshark(
      opened.map(({ packet }) => packet),
      'esp_sa',
      opened.map(({ line }) => line),
      ['esp.icv_good', 'esp.icv_bad', 'icmp.type', '_ws.expert.message'],
    )
    expect([...new Set(rows)]).toEqual(['1\t0\t8\t'])
    expect(rows.length).toBe(opened.length)
  },
)

/** An IKE_AUTH request whose Encrypted payload holds one notification, SET_WINDOW_SIZE. */
const NOTIFY = fromHex('0000000c 00004001 0000000a')

test.runIf(isJudged)(
  'Wireshark opens IKE of every suite that has a line, and finds each ICV right',
  () => {
    const rng = rngFrom('ike')
    const opened = IKE_SUITES.flatMap((suite) => {
      const keys = keysOf(suite)
      const spis = { spiI: rng.bytes(8), spiR: rng.bytes(8) }
      const both = { skEi: keys.encryption, skEr: keys.encryption }
      const line = ikeKeyLine(suite, spis, { ...both, skAi: keys.integrity, skAr: keys.integrity })
      if (line === undefined) return []
      const cipher = ikeCipher(suite, keys)
      const length = 32 + cipher.sealedLength(NOTIFY.length)
      const header = concat(spis.spiI, spis.spiR, fromHex('2e202308 00000001 00000000 29000000'))
      setU32(header, 24, length)
      setU16(header, 30, length - 28)
      const body = cipher.seal(header, NOTIFY, rng.bytes(cipher.ivBytes))
      const udp = concat(fromHex('01f401f400000000'), header, body)
      setU16(udp, 4, udp.length)
      return [{ name: suite.name, line, packet: ipv4(17, udp) }]
    })
    // All but DES with its five integrity transforms, and ChaCha20-Poly1305.
    expect(opened.length).toBe(IKE_SUITES.length - 6)
    const rows = tshark(
      opened.map(({ packet }) => packet),
      'ikev2_decryption_table',
      opened.map(({ line }) => line),
      ['isakmp.enc.icd', 'isakmp.notify.msgtype', '_ws.expert.message'],
    )
    const findings = rows.map((row, at) => `${opened[at]!.name}: ${row}`)
    expect(findings.filter((each) => !each.endsWith('\t16385\t'))).toEqual([])
  },
)

/** The goal of this one: that the two before it would notice. */
test.runIf(isJudged)('Wireshark sees a wrong ICV', () => {
  const suite = ESP_SUITES.find(({ name }) => name === 'AES-GCM-16 256')!
  const keys = keysOf(suite)
  const from = { source: '10.0.0.1', destination: '10.0.0.2', spi: 0xc0000000 }
  const packet = espCipher(suite, keys).seal(from.spi, 1, 4, ipv4(1, ECHO))
  packet[packet.length - 1]! ^= 1
  const lines = [espKeyLine(suite, from, keys)!]
  const rows = tshark([ipv4(50, packet)], 'esp_sa', lines, ['esp.icv_good', 'esp.icv_bad'])
  expect(rows).toEqual(['0\t1'])
})

test('suites that Wireshark does not open have no line', () => {
  const path = { source: '10.0.0.1', destination: '10.0.0.2', spi: 1 }
  const none = new Uint8Array()
  const keys = { encryption: none, integrity: none }
  expect(espKeyLine({ encryption: { id: 28 } }, path, keys)).toBeUndefined()
  expect(
    espKeyLine({ encryption: { id: 20, keyBits: 128 }, esn: true }, path, keys),
  ).toBeUndefined()
  const spis = { spiI: none, spiR: none }
  const sk = { skEi: none, skEr: none, skAi: none, skAr: none }
  expect(ikeKeyLine({ encryption: { id: 2 }, integrity: 2 }, spis, sk)).toBeUndefined()
})

test('a line is quoted as the tables of Wireshark are', () => {
  const suite = { encryption: { id: 20, keyBits: 128 } }
  const encryption = rngFrom('k').bytes(20)
  const from = { source: '10.0.0.1', destination: '10.0.0.2', spi: 0x1f }
  expect(espKeyLine(suite, from, { encryption, integrity: new Uint8Array() })).toBe(
    `"IPv4","10.0.0.1","10.0.0.2","0x0000001f","AES-GCM with 16 octet ICV [RFC4106]","0x${toHex(encryption)}","NULL",""`,
  )
})
