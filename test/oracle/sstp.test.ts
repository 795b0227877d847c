/**
 * SSTP with PPP inside in the eyes of tshark: a whole session of ours over TCP in the clear, from the HTTP request to the last acknowledgement.
 * Skips where tshark is missing, unless judges are required.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { fromHex } from '../../src/base/bytes.ts'
import { seconds } from '../../src/base/time.ts'
import { PROTOCOL } from '../../src/wire/ipv4.ts'
import { encodePcapng } from '../../src/wire/pcapng.ts'
import { encodeTcp, TcpFlag } from '../../src/wire/tcp.ts'
import { BEGAN } from '../engine/ppp/clock.ts'
import { SstpPair } from '../engine/sstp/pair.ts'
import { ethernet, ipPacket, udpPacket } from '../wire/frames.ts'
import { hasTshark, WARNING } from './tshark/tshark.ts'

const isJudged = hasTshark() || process.env['SALLYPORT_JUDGES'] === 'required'
if (!isJudged) console.log('SSTP is not judged: no tshark')

type Who = 'client' | 'server'
const ENDS = {
  client: { host: '203.0.113.77', port: 50_000 },
  // tshark looks for HTTP here, and finds SSTP by its method.
  server: { host: '192.0.2.10', port: 80 },
} as const

/** Each of `sent` in a segment of its own, after a handshake. */
function captureOf(sent: readonly (readonly [Who, Uint8Array])[]): Uint8Array {
  const sequence = { client: 1000, server: 5000 }
  const segment = (
    from: Who,
    flags: number,
    payload: Uint8Array = new Uint8Array(),
  ): Uint8Array => {
    const to: Who = from === 'client' ? 'server' : 'client'
    const [own, peer] = [ENDS[from], ENDS[to]]
    const tcp = {
      sourcePort: own.port,
      destinationPort: peer.port,
      sequence: sequence[from],
      acknowledgement: (flags & TcpFlag.ack) === 0 ? 0 : sequence[to],
      flags,
      window: 64_240,
      urgentPointer: 0,
      options: [],
      payload,
    }
    sequence[from] += payload.length + ((flags & TcpFlag.syn) === 0 ? 0 : 1)
    const bytes = encodeTcp(tcp, { source: ipv4(own.host), destination: ipv4(peer.host) })
    const ends = { from: own.host, to: peer.host }
    return ethernet(ipPacket(ends, { protocol: PROTOCOL.tcp, payload: bytes }))
  }
  const frames = [
    segment('client', TcpFlag.syn),
    segment('server', TcpFlag.syn | TcpFlag.ack),
    segment('client', TcpFlag.ack),
    ...sent.map(([from, bytes]) => segment(from, TcpFlag.psh | TcpFlag.ack, new Uint8Array(bytes))),
  ]
  return encodePcapng({
    application: 'sallyport',
    interfaces: [{ name: 'wire' }],
    frames: frames.map((frame) => ({ interface: 0, at: BEGAN, direction: 'outbound', frame })),
  })
}

/** `SSTP | SSTP-1.0 Type: …` of each frame with a payload, and what is wrong with any. */
function dissected(capture: Uint8Array) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-sstp-'))
  try {
    const file = path.join(folder, 'sstp.pcapng')
    writeFileSync(file, capture)
    const fields = ['_ws.col.Protocol', '_ws.col.Info', '_ws.malformed', '_ws.expert.severity']
    const command = ['-n', '-r', file, '-Y', 'tcp.len > 0', '-T', 'fields']
    const output = execFileSync('tshark', [...command, ...fields.flatMap((each) => ['-e', each])], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const rows = output.split('\n').filter((line) => line !== '')
    return rows.map((row) => {
      const [protocol, info, malformed, severities] = row.split('\t')
      const isRemarked = severities!.split(',').some((each) => Number(each) >= WARNING)
      return { line: `${protocol} | ${info!.trim()}`, isBad: malformed !== '' || isRemarked }
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test.runIf(isJudged)('tshark reads what both sides say, and has nothing against it', () => {
  const sent: (readonly [Who, Uint8Array])[] = []
  const pair = new SstpPair({
    client: { ppp: { identification: ['MSRASV5.20'] } },
    stream: (bytes, from) => {
      sent.push([from, bytes])
      return [bytes]
    },
  }).connect()
  const packet = udpPacket('10.20.100.7:50000', '10.20.0.10:9999', fromHex('0102'))
  pair.client.input({ kind: 'packet', bytes: packet })
  pair.server.input({ kind: 'stream', bytes: fromHex('10010008 00080000') })
  pair.clock.run(seconds(1))
  pair.client.input({ kind: 'close' })
  pair.clock.run(seconds(10))

  const frames = dissected(captureOf(sent))
  expect(frames.filter(({ isBad }) => isBad)).toEqual([])
  expect(
    frames.map(({ line }) => line.replace(/SSTP-1.0 Type: (\w+).*?(SSTP_MSG_\w+).*/, '$2')),
  ).toEqual([
    'HTTP | SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1',
    'HTTP | HTTP/1.1 200 OK',
    'SSTP | SSTP_MSG_CALL_CONNECT_REQUEST',
    'SSTP | SSTP_MSG_CALL_CONNECT_ACK',
    'PPP LCP | Configuration Request',
    'PPP LCP | Configuration Request',
    'PPP LCP | Configuration Ack',
    'PPP LCP | Configuration Ack',
    'EAP | Request, Identity',
    'PPP LCP | Identification',
    'EAP | Response, Identity',
    'EAP | Request, Identity',
    'EAP | Response, Identity',
    'EAP | Request, Identity',
    'EAP | Response, Identity',
    'EAP | Success',
    'PPP IPCP | Configuration Request',
    'SSTP | SSTP_MSG_CALL_CONNECTED',
    'PPP IPCP | Configuration Request',
    'PPP IPCP | Configuration Ack',
    'PPP IPCP | Configuration Reject',
    'PPP IPCP | Configuration Request',
    'PPP IPCP | Configuration Nak',
    'PPP IPCP | Configuration Request',
    'PPP IPCP | Configuration Ack',
    'UDP | 50000 → 9999 Len=2',
    'SSTP | SSTP_MSG_ECHO_RESPONSE',
    'PPP LCP | Termination Request',
    'PPP LCP | Termination Ack',
    'SSTP | SSTP_MSG_CALL_DISCONNECT',
    'SSTP | SSTP_MSG_CALL_DISCONNECT_ACK',
  ])
})
