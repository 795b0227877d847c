/**
 * Wireshark's opinion of a capture: each frame with its fields and expert remarks, checksums verified.
 * Not a judgement: `check-capture.ts` has that. One run of tshark a capture.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

export const hasTshark = (): boolean => spawnSync('tshark', ['--version']).status === 0

/** Severities of expert remarks, as `_ws.expert.severity` has them. */
export const WARNING = 0x600000

export interface Remark {
  readonly severity: number
  readonly message: string
}

export interface DissectedFrame {
  /** Counts from 1. */
  readonly number: number
  readonly remarks: readonly Remark[]
  readonly isMalformed: boolean
  /** First occurrence of each field, the outermost header's; undefined where the frame has none. */
  field(name: Field): string | undefined
  /** All of its occurrences, from the outside in: what was decrypted comes last. */
  fields(name: Field): readonly string[]
}

const FIELDS = [
  'frame.interface_name',
  'frame.time_epoch',
  'frame.packet_flags',
  'frame.len',
  'eth.src',
  'eth.dst',
  'vlan.id',
  'arp.opcode',
  'arp.src.proto_ipv4',
  'arp.dst.proto_ipv4',
  'ip.src',
  'ip.dst',
  'ip.id',
  'ip.ttl',
  'ip.proto',
  'ip.len',
  'ip.frag_offset',
  'ip.flags.mf',
  'ip.flags.df',
  'icmp.type',
  'icmp.code',
  'udp.srcport',
  'udp.dstport',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.flags',
  'radius.code',
  'radius.authenticator.valid',
  'radius.authenticator.invalid',
  'eap.type',
  'eap.identity',
  'tls.handshake.type',
  'tls.record.content_type',
  'isakmp.ispi',
  'isakmp.typepayload',
  'isakmp.enc.decrypted',
  'esp.spi',
  'esp.icv_good',
  'esp.icv_bad',
] as const
export type Field = (typeof FIELDS)[number]

const ALL = ['frame.number', '_ws.malformed', '_ws.expert.severity', '_ws.expert.message'] as const
/** With reassembly, so that the checksum of a datagram is verified though it came in pieces. */
const PREFERENCES = [
  'ip.defragment:TRUE',
  ...['ip', 'tcp', 'udp'].map((name) => `${name}.check_checksum:TRUE`),
]
const radiusPreferences = (secret: string | undefined): string[] =>
  secret === undefined
    ? []
    : [`radius.shared_secret:${secret}`, 'radius.validate_authenticator:TRUE']

/** Separates the occurrences of one field: a byte that no field holds. */
const UNIT = '\u001f'
const OUTPUT_BYTES_MAX = 512 * 1024 * 1024

/** What tshark is told besides the capture. */
export interface Secrets {
  /** Of RADIUS: tshark then says whether authenticators hold. */
  readonly radius?: string
  /** Files of a profile, by name: the keys of IKE and ESP. */
  readonly tables?: Readonly<Record<string, string>>
}

/** Have tshark read a capture file, in a profile of its own. Throws when tshark cannot read it. */
export function dissect(capture: Uint8Array, secrets: Secrets = {}): readonly DissectedFrame[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-tshark-'))
  const file = path.join(folder, 'capture.pcapng')
  try {
    for (const [name, content] of Object.entries(secrets.tables ?? {}))
      writeFileSync(path.join(folder, name), content)
    writeFileSync(file, capture)
    const names = [...ALL, ...FIELDS]
    const output = execFileSync(
      'tshark',
      [
        ['-n', '-r', file, '-T', 'fields', '-E', 'separator=/t', '-E', `aggregator=${UNIT}`],
        [...PREFERENCES, ...radiusPreferences(secrets.radius)].flatMap((preference) => [
          '-o',
          preference,
        ]),
        names.flatMap((name) => ['-e', name]),
      ].flat(),
      {
        encoding: 'utf8',
        maxBuffer: OUTPUT_BYTES_MAX,
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, WIRESHARK_CONFIG_DIR: folder },
      },
    )
    return output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => readLine(line))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function readLine(line: string): DissectedFrame {
  const [number, malformed, severities, messages, ...values] = line.split('\t')
  const texts = messages!.split(UNIT)
  const remarks = severities!
    .split(UNIT)
    .filter((severity) => severity !== '')
    .map((severity, i) => ({ severity: Number(severity), message: texts[i] ?? '' }))
  const all = new Map(
    FIELDS.map((name, i) => [name, values[i]?.split(UNIT).filter((value) => value !== '') ?? []]),
  )
  return {
    number: Number(number),
    remarks,
    // What Wireshark calls a bug of its own is told as a remark.
    isMalformed: malformed !== '' && !malformed!.includes('Dissector bug'),
    field: (name) => all.get(name)?.[0],
    fields: (name) => all.get(name) ?? [],
  }
}
